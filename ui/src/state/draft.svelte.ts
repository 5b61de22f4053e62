// An app as it is being typed.

import type { App, NewApp, ProfileFile, ProviderView, SandboxApp, WayBack } from "../host";
import { SvelteMap } from "svelte/reactivity";
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
  readonly #sheets = new SvelteMap<string, Sheet>();

  /** What the sandbox offers of each provider. */
  readonly #offered: SandboxApp[];

  /** Begins with nothing, with what the sandbox offers, or with an app that is to be changed. */
  constructor(from: SandboxApp[] | App | null, providers: ProviderView[]) {
    const known = Array.isArray(from) ? from : from ? [from] : [];
    this.#offered = Array.isArray(from) ? from : [];
    for (const view of providers) this.#sheets.set(view.id, new Sheet(view, known.find((one) => one.provider === view.id) ?? null));
    this.provider = known[0]?.provider ?? providers[0]?.id ?? "";
    this.name = known[0]?.name ?? "";
    if (from && "way_back" in from) this.#comeHome(from);
  }

  /** Turns to another provider; a name that was only offered changes with it. */
  turn = (provider: string): void => {
    const offered = (id: string) => this.#offered.find((one) => one.provider === id)?.name ?? "";
    if (this.name === offered(this.provider)) this.name = offered(provider);
    this.provider = provider;
  };

  #comeHome({ way_back, redirect_uri }: App): void {
    this.wayBack = way_back;
    if (way_back === "paste") this.address = redirect_uri;
    if (way_back === "loopback") this.port = /^http:\/\/127\.0\.0\.1:(\d+)\//.exec(redirect_uri)?.[1] ?? "";
  }

  /** Puts what a profile file says in place of what was typed for its provider. */
  use(file: ProfileFile, providers: ProviderView[]): void {
    const view = providers.find(({ id }) => id === file.provider);
    if (!view) return;
    const { clientId, clientSecret } = this.#sheets.get(view.id) ?? {};
    this.#sheets.set(view.id, new Sheet(view, { client_id: clientId, client_secret: clientSecret, scopes: file.scopes, overrides: file.values ?? {} }));
    this.provider = view.id;
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
