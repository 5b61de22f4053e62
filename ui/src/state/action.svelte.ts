// An asynchronous action of a button: whether it is running, and the error of the last run.

import { asTrouble, type Trouble } from "../host";

/** Waits shorter than this show no progress text, in milliseconds. */
const SLOW = 500;

export class Action {
  busy = $state(false);
  /** Busy for longer than `SLOW`. */
  slow = $state(false);
  trouble = $state.raw<Trouble | null>(null);

  /** What is wrong with a field, by the error of the last run. */
  wrong(field: string): string | null {
    const { trouble } = this;
    return trouble?.field === field ? [trouble.message, trouble.hint].filter(Boolean).join(" ") : null;
  }

  /** Runs `work` unless it is already running. Returns whether it succeeded. */
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
