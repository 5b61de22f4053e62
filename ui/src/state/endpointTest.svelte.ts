// Tests an app's endpoints before it is added. What was found belongs to the settings that were tested.

import { host, nextCall, type EndpointCheck } from "../host";
import { Action } from "./action.svelte";
import type { AppFormState } from "./appForm.svelte";

export class EndpointTest {
  readonly running = new Action();
  /** The results of the last test; null before it, or once it was cancelled. */
  checks = $state.raw<EndpointCheck[] | null>(null);
  #call: number | null = null;
  #tested = $state("");

  constructor(readonly appForm: AppFormState) {}

  #settings(): string {
    const { provider, fields } = this.appForm;
    return JSON.stringify([provider, fields?.values().overrides]);
  }

  /** Whether the results are about the settings as they are now. */
  get isCurrent(): boolean {
    return this.#tested === this.#settings();
  }

  /** Tests the settings as they are now. */
  run = (): Promise<boolean> => {
    this.checks = null;
    this.#tested = this.#settings();
    const call = nextCall();
    this.#call = call;
    return this.running.run(async () => {
      const { provider, fields } = this.appForm;
      this.checks = await host.checkEndpoints(provider, fields?.values().overrides ?? {}, call);
    });
  };

  cancel = (): void => {
    if (this.#call !== null) void host.cancel(this.#call).catch(() => undefined);
  };
}
