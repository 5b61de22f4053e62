// An action that the person can cancel.

import { host, nextCall } from "../host";
import { Action } from "./action.svelte";

export class Call extends Action {
  #call: number | null = null;

  /** Runs `work` with the ID of its call. Returns whether it succeeded; a cancelled call leaves no error. */
  async start(work: (call: number) => Promise<unknown>): Promise<boolean> {
    const call = nextCall();
    this.#call = call;
    const done = await this.run(() => work(call));
    if (this.#call === call) this.#call = null;
    if (this.trouble?.code === "cancelled") this.trouble = null;
    return done;
  }

  cancel = (): void => {
    if (this.#call !== null) void host.cancel(this.#call).catch(() => undefined);
  };
}
