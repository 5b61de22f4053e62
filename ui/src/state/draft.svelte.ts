// An app as it is being typed.

import type { NewApp, ProviderView, SandboxApp, WayBack } from "../host";
import { Sheet } from "./sheet.svelte";

export class Draft {
  name = $state("");
  provider = $state("");
  wayBack = $state<WayBack>("deep_link");
  /** The port of this computer; any free one where it is empty. */
  port = $state("");
  /** The https address of their own that a person pastes callbacks from. */
  address = $state("");
  /** What is typed for one provider is not handed to another. */
  readonly #sheets: Map<string, Sheet>;

  constructor(prefill: SandboxApp | null, providers: ProviderView[]) {
    this.#sheets = new Map(providers.map((view) => [view.id, new Sheet(view, prefill?.provider === view.id ? prefill : null)]));
    this.provider = prefill?.provider ?? providers[0]?.id ?? "";
    this.name = prefill?.name ?? "";
  }

  get sheet(): Sheet | undefined {
    return this.#sheets.get(this.provider);
  }

  /** The address to register at the provider; nothing while it is not known. */
  get redirectUri(): string {
    if (this.wayBack === "paste") return this.address.trim();
    if (this.wayBack === "deep_link") return this.sheet?.view.redirect_uri ?? "";
    return `http://127.0.0.1${this.port.trim() && `:${this.port.trim()}`}/callback`;
  }

  #redirect(): string {
    if (this.wayBack === "paste") return this.address.trim() || "https://";
    if (this.wayBack === "deep_link") return "deep-link";
    return this.port.trim() ? `loopback:${this.port.trim()}` : "loopback";
  }

  newApp(): NewApp {
    return {
      name: this.name.trim(),
      provider: this.provider,
      client_id: "",
      client_secret: null,
      redirect: this.#redirect(),
      ...this.sheet?.entered(),
    };
  }
}
