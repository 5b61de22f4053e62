// A network request: the last data, the last error, and whether it takes long enough to show progress.

import { asTrouble, host, nextCall, type Trouble } from "../host";

/** Waits shorter than this usually show no progress text, in milliseconds. */
const SLOW = 300;

export class Load<T> {
  data = $state.raw<T | null>(null);
  trouble = $state.raw<Trouble | null>(null);
  busy = $state(false);
  /** Busy for so long that progress is shown. */
  slow = $state(false);
  /** Cancelled by the person. */
  stopped = $state(false);
  #call: number | null = null;
  readonly #slow: number;

  /** `slow`: shorter waits show no progress text, in milliseconds. */
  constructor(slow = SLOW) {
    this.#slow = slow;
  }

  /** Starts a request and cancels the previous one. Old data stays until the response arrives. */
  async run(fetch: (call: number) => Promise<T>): Promise<void> {
    this.#abandon();
    const call = nextCall();
    this.#call = call;
    this.busy = true;
    this.stopped = false;
    const timer = setTimeout(() => (this.slow = this.#call === call), this.#slow);
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

  /** Shows cached data unless newer data has arrived. */
  async recall(fetch: () => Promise<T>): Promise<void> {
    // Without a cached copy there is nothing to show.
    const kept = await fetch().catch(() => null);
    this.data ??= kept;
  }

  /** Cancels the request. */
  cancel = (): void => {
    this.#abandon();
    this.#rest();
    this.stopped = true;
  };

  /** Cancels the request and clears the data. */
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
