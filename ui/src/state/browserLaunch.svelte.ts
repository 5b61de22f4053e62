// The result of opening the browser, by attempt.

import { SvelteMap } from "svelte/reactivity";
import { asTrouble, host, type Trouble } from "../host";

export type BrowserLaunch = { at: Date; busy: boolean; trouble: Trouble | null };

class BrowserLaunches {
  #all = new SvelteMap<string, BrowserLaunch>();

  of = (attempt: string): BrowserLaunch | undefined => this.#all.get(attempt);

  /** Opens the sign-in page, in the browser `chosen` if given. Returns false if the person declined. */
  async open(attempt: string, chosen: string | null = null): Promise<boolean> {
    if (this.#all.get(attempt)?.busy) return true;
    const at = new Date();
    // The system may ask to confirm another browser; keep the previous result until then.
    if (chosen === null) this.#all.set(attempt, { at, busy: true, trouble: null });
    try {
      if (!(await host.openBrowser(attempt, chosen))) return false;
      this.#all.set(attempt, { at, busy: false, trouble: null });
    } catch (thrown) {
      this.#all.set(attempt, { at, busy: false, trouble: asTrouble(thrown) });
    }
    return true;
  }
}

export const browserLaunches = new BrowserLaunches();
