// Something asked for over the network: what came last, what went wrong, and whether it is worth saying that it takes time.

import { asTrouble, host, nextCall, type Trouble } from "../host";

/** Below this, a wait is not worth a word. */
const SLOW = 300;

export class Load<T> {
  data = $state.raw<T | null>(null);
  trouble = $state.raw<Trouble | null>(null);
  busy = $state(false);
  /** Busy long enough to say so. */
  slow = $state(false);
  /** The person stopped it before it answered. */
  stopped = $state(false);
  #call: number | null = null;

  /** Asks; whatever was asked before and has not answered is cancelled. What came before stays until the answer is here. */
  async run(fetch: (call: number) => Promise<T>): Promise<void> {
    this.#abandon();
    const call = nextCall();
    this.#call = call;
    this.busy = true;
    this.stopped = false;
    const timer = setTimeout(() => (this.slow = this.#call === call), SLOW);
    try {
      const data = await fetch(call);
      if (this.#call === call) {
        this.data = data;
        this.trouble = null;
      }
    } catch (thrown) {
      const trouble = asTrouble(thrown);
      if (this.#call === call && trouble.code !== "cancelled") this.trouble = trouble;
    } finally {
      clearTimeout(timer);
      if (this.#call === call) this.#rest();
    }
  }

  /** Shows what was kept from before, while nothing newer is here. */
  async recall(fetch: () => Promise<T>): Promise<void> {
    // Nothing kept is nothing to show.
    const kept = await fetch().catch(() => null);
    this.data ??= kept;
  }

  /** Stops waiting. */
  cancel = (): void => {
    this.#abandon();
    this.#rest();
    this.stopped = true;
  };

  /** Forgets everything, for another subject. */
  clear(): void {
    this.#abandon();
    this.#rest();
    this.data = null;
    this.trouble = null;
    this.stopped = false;
  }

  #abandon(): void {
    if (this.#call !== null) void host.cancel(this.#call).catch(() => undefined);
    this.#call = null;
  }

  #rest(): void {
    this.#call = null;
    this.busy = false;
    this.slow = false;
  }
}
