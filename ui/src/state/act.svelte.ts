// One thing that a button does: whether it is under way, and what went wrong.

import { asTrouble, type Trouble } from "../host";

/** Below this, a wait is not worth a word. */
const SLOW = 500;

export class Act {
  busy = $state(false);
  /** Busy long enough to say so. */
  slow = $state(false);
  trouble = $state.raw<Trouble | null>(null);

  /** Does it, unless it is under way. Tells whether it succeeded. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.trouble = null;
    const timer = setTimeout(() => (this.slow = true), SLOW);
    try {
      await work();
      return true;
    } catch (thrown) {
      this.trouble = asTrouble(thrown);
      return false;
    } finally {
      clearTimeout(timer);
      this.busy = this.slow = false;
    }
  }
}
