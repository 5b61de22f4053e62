// The settings while their page is open, and the feedback of a row that saves at once.

import { host, type Settings } from "../host";
import { settings as words } from "../words";
import { Action } from "./action.svelte";

/** How long a row says that it was saved, in milliseconds. */
const SAID = 4000;

type View = Awaited<ReturnType<typeof host.settings>>;

export class Preferences {
  view = $state.raw<View | null>(null);
  reading = new Action();

  read = (): Promise<boolean> => this.reading.run(async () => void (this.view = await host.settings()));

  /** Saves some settings; others may have changed meanwhile. Returns whether the person agreed. */
  change = async (changes: Partial<Settings>): Promise<boolean> => this.keep(await host.changeSettings(changes));

  /** Returns whether there are new settings. */
  keep = (settings: Settings | null): boolean => {
    if (settings && this.view) this.view = { ...this.view, settings };
    return settings !== null;
  };

  startAtLogin = async (on: boolean): Promise<boolean> => {
    await host.startAtLogin(on);
    if (this.view) this.view = { ...this.view, at_login: on };
    return true;
  };

  stayInTray = async (on: boolean): Promise<boolean> => {
    const kept = await this.change({ tray: on });
    if (kept && this.view) this.view = { ...this.view, in_tray: on };
    return kept;
  };
}

/** Saves a row's setting at once, and says so in the row. */
export class Autosave {
  act = new Action();
  said = $state("");
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `save` returns whether the person agreed. Returns whether the setting is saved. */
  run = async (save: () => Promise<boolean>): Promise<boolean> => {
    this.#say("");
    let agreed = false;
    await this.act.run(async () => {
      agreed = await save();
      this.#say(agreed ? words.saved : words.unchanged);
    });
    return agreed;
  };

  #say(text: string): void {
    clearTimeout(this.#timer);
    this.said = text;
    if (text) this.#timer = setTimeout(() => (this.said = ""), SAID);
  }
}
