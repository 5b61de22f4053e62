// Tests an app's endpoints, also before it is added. What was found belongs to the settings that were tested.

import { host, nextCall, type EndpointCheck } from "../host";
import { Action } from "./action.svelte";

/** The endpoints to test: those of a provider with other values. */
export type TestedSettings = { provider: string; overrides: { [key in string]: string } };

export class EndpointTest {
  readonly running = new Action();
  /** The results of the last test; null before it, or once it was cancelled. */
  checks = $state.raw<EndpointCheck[] | null>(null);
  #call: number | null = null;
  #tested = $state("");

  constructor(readonly settings: () => TestedSettings) {}

  /** Whether the results are about the settings as they are now. */
  get isCurrent(): boolean {
    return this.#tested === JSON.stringify(this.settings());
  }

  /** Tests the settings as they are now. */
  run = (): Promise<boolean> => {
    this.checks = null;
    const settings = this.settings();
    this.#tested = JSON.stringify(settings);
    const call = nextCall();
    this.#call = call;
    return this.running.run(async () => {
      this.checks = await host.checkEndpoints(settings.provider, settings.overrides, call);
    });
  };

  cancel = (): void => {
    if (this.#call !== null) void host.cancel(this.#call).catch(() => undefined);
  };
}
