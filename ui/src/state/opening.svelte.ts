// Whether the browser could be opened, attempt by attempt.

import { SvelteMap } from "svelte/reactivity";
import { asTrouble, host, type Trouble } from "../host";

export type Opening = { at: Date; busy: boolean; trouble: Trouble | null };

class Openings {
  #all = new SvelteMap<string, Opening>();

  of = (attempt: string): Opening | undefined => this.#all.get(attempt);

  /** Opens the sign-in page, in `chosen` where one is; the answer is kept with the attempt. Whether the person let it be opened. */
  async open(attempt: string, chosen: string | null = null): Promise<boolean> {
    if (this.#all.get(attempt)?.busy) return true;
    const at = new Date();
    // Before another browser the system may ask: until that is answered, all stays as it was.
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

export const opening = new Openings();
