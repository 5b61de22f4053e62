// What the window itself brings to the palette: connections, apps, and what can be done.

import { host } from "../../host";
import { clock } from "../../state/clock.svelte";
import { connect } from "../../state/connecting.svelte";
import { show } from "../../state/found";
import { fits, type Found, type Source } from "../../state/palette.svelte";
import { here } from "../../state/place.svelte";
import { browsable } from "../../state/profile";
import { refreshing } from "../../state/refreshing.svelte";
import { aside, glyph, standing, word } from "../../state/standing";
import { choice, type Theme } from "../../state/theme.svelte";
import { world } from "../../state/world.svelte";
import { zoom } from "../../state/zoom.svelte";
import { app, browse, common, connection, palette as words, settings } from "../../words";

/** More than anyone reads. */
const MOST = 30;
/** How long typing rests before what was read is searched, in milliseconds. */
const RESTS = 120;

function some<T>(all: T[], wanted: string, texts: (one: T) => string[], shown: (one: T) => Found): Found[] {
  const found: Found[] = [];
  for (const one of all) {
    if (found.length === MOST) break;
    if (fits(wanted, ...texts(one))) found.push(shown(one));
  }
  return found;
}

const connections: Source = {
  title: common.connections,
  find: (text) =>
    some(
      world.connections,
      text,
      (one) => [one.name, one.provider_name, word(one.state)],
      (one) => {
        const state = standing(one, clock.now);
        return {
          id: one.id,
          label: one.name,
          note: `${one.provider_name}, ${word(state)}${aside(one, clock.now)}`,
          ...glyph(state),
          act: () => here.toConnection(one.id),
        };
      },
    ),
};

const apps: Source = {
  title: words.apps,
  find: (text) =>
    text === ""
      ? []
      : some(
          world.apps,
          text,
          (one) => [one.name, one.provider_name],
          (one) => ({
            id: one.id,
            label: one.name,
            note: app.at(one.provider_name),
            icon: "app",
            act: () => here.go({ at: "app", app: one.id }),
          }),
        ),
};

/** What can be done with the connection that is shown. */
function onConnection(): Found[] {
  const place = here.place;
  const one = place.at === "connection" ? world.connections.find((other) => other.id === place.connection) : undefined;
  if (!one) return [];
  const usable = !["disconnected", "reconnect_needed", "locked"].includes(one.state);
  const found: Found[] = [
    { id: "token", label: words.tokenOf, icon: "search", act: () => here.toConnection(one.id, "token") },
    ...(browsable(world.value(world.app(one.app_id), "content", one.provider))
      ? [{ id: "browse", label: words.browse, icon: "right", act: () => here.toConnection(one.id, "browse") }]
      : []),
    { id: "its-activity", label: words.activityOf, icon: "history", act: () => here.toConnection(one.id, "activity") },
    { id: "again", label: connection.reconnect, icon: "globe", act: () => refreshing.reconnect(one) },
    { id: "app", label: connection.appPage, icon: "app", act: () => here.go({ at: "app", app: one.app_id }) },
  ];
  if (usable) {
    found.unshift(
      { id: "copy", label: connection.copyToken, icon: "copy", act: () => host.copyToken(one.id) },
      { id: "refresh", label: connection.refresh, icon: "refresh", act: () => refreshing.refresh(one.id) },
    );
  }
  return found.map((each) => ({ ...each, note: one.name }));
}

function anywhere(): Found[] {
  const themes: Theme[] = ["system", "light", "dark"];
  return [
    { id: "add", label: common.addApp, icon: "plus", act: () => here.go({ at: "add", prefill: null }) },
    {
      id: "sandbox",
      label: common.trySandbox,
      icon: "here",
      act: async () => here.go({ at: "add", prefill: await host.sandbox() }),
    },
    { id: "activity", label: common.activity, icon: "history", act: () => here.go({ at: "activity" }) },
    { id: "settings", label: common.settings, icon: "settings", act: () => here.go({ at: "settings" }) },
    { id: "larger", label: settings.larger, note: common.key("+"), icon: "plus", act: () => zoom.set(zoom.larger) },
    { id: "smaller", label: settings.smaller, note: common.key("−"), icon: "minus", act: () => zoom.set(zoom.smaller) },
    { id: "usual", label: settings.usualSize, note: common.key("0"), icon: "settings", act: () => zoom.set(100) },
    ...themes.map((theme) => ({
      id: `theme-${theme}`,
      label: words.theme(settings[theme]),
      icon: "settings",
      act: () => choice.choose(theme),
    })),
    ...world.apps
      .slice(0, MOST)
      .map((one) => ({
        id: `connect-${one.id}`,
        label: words.connect(one.name),
        note: one.provider_name,
        icon: "globe",
        act: () => connect(one.id, null),
      })),
  ];
}

const actions: Source = {
  title: words.actions,
  find: (text) => [...onConnection(), ...anywhere()].filter((one) => fits(text, one.label, one.note)).slice(0, MOST),
};

/** What was read through any connection: posts, projects and whatever else. */
const read: Source = {
  title: words.read,
  find: async (text, signal) => {
    if (text.length < 2 || !(await rested(signal))) return [];
    const found = await host.search(text);
    return found
      .slice(0, MOST)
      .map((hit) => ({
        id: JSON.stringify([hit.connection_id, hit.kind, hit.within, hit.id]),
        label: hit.title || browse.untitled,
        note: browse.foundIn(hit),
        icon: "right",
        act: () => show(hit),
      }));
  },
};

/** Whether it is still wanted once typing rests. */
const rested = (signal: AbortSignal): Promise<boolean> =>
  new Promise((done) => setTimeout(() => done(!signal.aborted), RESTS));

export const sources: Source[] = [connections, actions, apps, read];
