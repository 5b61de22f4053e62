// One thing that a button does: whether it is under way, and what went wrong.

import { asTrouble, type Trouble } from "../host";

export class Act {
  busy = $state(false);
  trouble = $state.raw<Trouble | null>(null);

  /** Does it, unless it is under way. Tells whether it succeeded. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.trouble = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.trouble = asTrouble(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
