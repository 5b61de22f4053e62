// Whether the browser could be opened, attempt by attempt.

import { SvelteMap } from "svelte/reactivity";
import { asTrouble, host, type Trouble } from "../host";

export type Opening = { at: Date; busy: boolean; trouble: Trouble | null };

class Openings {
  #all = new SvelteMap<string, Opening>();

  of = (attempt: string): Opening | undefined => this.#all.get(attempt);

  /** Opens the sign-in page, in `chosen` where one is; the answer is kept with the attempt. */
  async open(attempt: string, chosen: string | null = null): Promise<void> {
    if (this.#all.get(attempt)?.busy) return;
    const at = new Date();
    this.#all.set(attempt, { at, busy: true, trouble: null });
    try {
      await host.openBrowser(attempt, chosen);
      this.#all.set(attempt, { at, busy: false, trouble: null });
    } catch (thrown) {
      this.#all.set(attempt, { at, busy: false, trouble: asTrouble(thrown) });
    }
  }
}

export const opening = new Openings();
