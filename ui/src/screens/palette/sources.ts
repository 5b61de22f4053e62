// The palette's sources: connections, apps, commands and offline content.

import { host } from "../../host";
import { clock } from "../../state/clock.svelte";
import { connect } from "../../state/signIn.svelte";
import { openSearchResult } from "../../state/openSearchResult";
import { matches, type PaletteItem, type PaletteSource } from "../../state/palette.svelte";
import { router, type SettingsGroup } from "../../state/router.svelte";
import { browsable } from "../../state/profile";
import { connectionActions } from "../../state/connectionActions.svelte";
import { canCopyToken, canRefresh, listedStatus } from "../../state/connectionStatus";
import { shortcutList } from "../../state/shortcuts.svelte";
import { themePreference, type Theme } from "../../state/theme.svelte";
import { appStore } from "../../state/appStore.svelte";
import { zoom } from "../../state/zoom.svelte";
import { app, browse, common, connection, palette as words, settings, shortcutWords } from "../../words";

/** Maximum number of results per source. */
const MOST = 30;
/** Debounce of the offline content search, in milliseconds. */
const RESTS = 120;

function some<T>(all: T[], wanted: string, texts: (one: T) => string[], shown: (one: T) => PaletteItem): PaletteItem[] {
  const found: PaletteItem[] = [];
  for (const one of all) {
    if (found.length === MOST) break;
    if (matches(wanted, ...texts(one))) found.push(shown(one));
  }
  return found;
}

const connections: PaletteSource = {
  title: common.connections,
  find: (text) =>
    some(
      appStore.connections,
      text,
      (one) => [one.name, one.provider_name, listedStatus(one, clock.now).word],
      (one) => {
        const { icon, tone, word, rest } = listedStatus(one, clock.now);
        return {
          id: one.id,
          label: one.name,
          note: `${one.provider_name}, ${word}${rest}`,
          icon,
          tone,
          act: () => router.toConnection(one.id),
        };
      },
    ),
};

const apps: PaletteSource = {
  title: words.apps,
  find: (text) =>
    text === ""
      ? []
      : some(
          appStore.apps,
          text,
          (one) => [one.name, one.provider_name],
          (one) => ({
            id: one.id,
            label: one.name,
            note: app.at(one.provider_name),
            icon: "app",
            act: () => router.go({ page: "app", app: one.id }),
          }),
        ),
};

/** Commands for the current connection. */
function onConnection(): PaletteItem[] {
  const route = router.route;
  const one =
    route.page === "connection" ? appStore.connections.find((other) => other.id === route.connection) : undefined;
  if (!one) return [];
  const usable = !["disconnected", "reconnect_needed", "locked"].includes(one.state);
  const found: PaletteItem[] = [
    { id: "token", label: words.tokenOf, icon: "eye", act: () => router.toConnection(one.id, "token") },
    ...(browsable(appStore.value(appStore.app(one.app_id), "content", one.provider))
      ? [{ id: "browse", label: words.browse, icon: "document", act: () => router.toConnection(one.id, "browse") }]
      : []),
    { id: "requests", label: words.requestsOf, icon: "server", act: () => router.toConnection(one.id, "requests") },
    {
      id: "its-activity",
      label: words.activityOf,
      icon: "history",
      act: () => router.toConnection(one.id, "activity"),
    },
    { id: "again", label: connection.reconnect, icon: "globe", act: () => connectionActions.reconnect(one) },
    { id: "app", label: connection.appPage, icon: "app", act: () => router.go({ page: "app", app: one.app_id }) },
  ];
  const details = appStore.details.get(one.id);
  if (usable && canRefresh(one, details))
    found.unshift({
      id: "refresh",
      label: connection.refresh,
      icon: "refresh",
      act: () => connectionActions.refresh(one.id),
    });
  if (canCopyToken(one, details, clock.now))
    found.unshift({ id: "copy", label: connection.copyToken, icon: "copy", act: () => host.copyToken(one.id) });
  return found.map((each) => ({ ...each, note: one.name }));
}

function anywhere(): PaletteItem[] {
  const themes: Theme[] = ["system", "light", "dark"];
  return [
    { id: "add", label: common.addApp, icon: "plus", act: () => router.go({ page: "add", prefill: null }) },
    {
      id: "sandbox",
      label: common.trySandbox,
      icon: "here",
      act: async () => router.go({ page: "add", prefill: await host.sandbox() }),
    },
    { id: "activity", label: common.activity, icon: "history", act: () => router.go({ page: "activity" }) },
    { id: "settings", label: common.settings, icon: "settings", act: () => router.go({ page: "settings" }) },
    {
      id: "shortcuts",
      label: shortcutWords.title,
      note: "?",
      icon: "commands",
      act: () => {
        // The palette closes first.
        setTimeout(() => (shortcutList.open = true));
      },
    },
    ...(Object.keys(settings.groups) as SettingsGroup[]).map((group) => ({
      id: `settings-${group}`,
      label: words.settings(settings.groups[group]),
      icon: "settings",
      act: () => router.go({ page: "settings", group }),
    })),
    { id: "larger", label: settings.larger, note: common.key("+"), icon: "plus", act: () => zoom.set(zoom.larger) },
    { id: "smaller", label: settings.smaller, note: common.key("−"), icon: "minus", act: () => zoom.set(zoom.smaller) },
    { id: "usual", label: settings.usualSize, note: common.key("0"), icon: "settings", act: () => zoom.set(100) },
    ...themes.map((theme) => ({
      id: `theme-${theme}`,
      label: words.theme(settings[theme]),
      icon: "theme",
      act: () => themePreference.choose(theme),
    })),
  ];
}

const connects = (text: string): PaletteItem[] =>
  some(
    appStore.apps,
    text,
    (one) => [words.connect(one.name), one.provider_name],
    (one) => ({
      id: `connect-${one.id}`,
      label: words.connect(one.name),
      note: one.provider_name,
      icon: "globe",
      act: () => connect(one.id, null),
    }),
  );

const actions: PaletteSource = {
  title: words.actions,
  find: (text) =>
    [
      ...[...onConnection(), ...anywhere()].filter((one) => matches(text, one.label, one.note)),
      ...connects(text),
    ].slice(0, MOST),
};

/** Offline content of all connections. */
const read: PaletteSource = {
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
        icon: "document",
        act: () => openSearchResult(hit),
      }));
  },
};

/** Whether the search is still wanted after the debounce. */
const rested = (signal: AbortSignal): Promise<boolean> =>
  new Promise((done) => setTimeout(() => done(!signal.aborted), RESTS));

export const sources: PaletteSource[] = [connections, actions, apps, read];
