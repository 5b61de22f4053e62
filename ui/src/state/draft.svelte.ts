// An app as it is being typed.

import type { App, NewApp, ProfileFile, ProposedRedirect, ProviderView, SandboxApp, WayBack } from "../host";
import { SvelteMap } from "svelte/reactivity";
import { addApp as words } from "../words";
import { Sheet } from "./sheet.svelte";

/** Host and port of a redirect URI at which Grapnel listens. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]))(?::(\d+))?/;

export class Draft {
  name = $state("");
  provider = $state("");
  wayBack = $state<WayBack>("deep_link");
  /** The port of this computer; any free one where it is empty. */
  port = $state("");
  /** A whole loopback redirect URI that is registered already, such as one of localhost. */
  loopbackUri = $state("");
  /** The https address of their own that a person pastes callbacks from. */
  address = $state("");
  /** Redirect URIs that no app has yet; nothing until the host has made them. */
  proposed = $state<ProposedRedirect | null>(null);
  /** What is typed for one provider is not handed to another. */
  readonly #sheets = new SvelteMap<string, Sheet>();

  /** What the sandbox offers of each provider. */
  readonly #offered: SandboxApp[];
  /** The redirect URI of the app that is changed, and its way back. */
  #kept: Pick<App, "way_back" | "redirect_uri"> | null = null;

  /** Begins with nothing, with what the sandbox offers, or with an app that is to be changed. */
  constructor(from: SandboxApp[] | App | null, providers: ProviderView[]) {
    const known = Array.isArray(from) ? from : from ? [from] : [];
    this.#offered = Array.isArray(from) ? from : [];
    for (const view of providers)
      this.#sheets.set(view.id, new Sheet(view, known.find((one) => one.provider === view.id) ?? null));
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
    this.#kept = { way_back, redirect_uri };
    this.wayBack = way_back;
    if (way_back === "paste") this.address = redirect_uri;
    if (way_back === "loopback") this.port = LOOPBACK.exec(redirect_uri)?.[2] ?? "";
  }

  /** Puts what a profile file says in place of what was typed for its provider. */
  use(file: ProfileFile, providers: ProviderView[]): void {
    const view = providers.find(({ id }) => id === file.provider);
    if (!view) return;
    const { clientId, clientSecret } = this.#sheets.get(view.id) ?? {};
    this.#sheets.set(
      view.id,
      new Sheet(view, {
        client_id: clientId,
        client_secret: clientSecret,
        scopes: file.scopes,
        overrides: file.values ?? {},
      }),
    );
    this.provider = view.id;
  }

  get sheet(): Sheet | undefined {
    return this.#sheets.get(this.provider);
  }

  /** The address to register at the provider; nothing while it is not known. */
  get redirectUri(): string {
    if (this.wayBack === "paste") return this.address.trim();
    if (this.wayBack === "loopback" && this.loopbackUri.trim()) return this.loopbackUri.trim();
    const uri = this.#kept?.way_back === this.wayBack ? this.#kept.redirect_uri : this.proposed?.[this.wayBack];
    if (!uri || this.wayBack === "deep_link") return uri ?? "";
    return uri.replace(LOOPBACK, `$1${this.port.trim() && `:${this.port.trim()}`}`);
  }

  #redirect(): string {
    if (this.wayBack === "paste") return this.address.trim() || "https://";
    if (this.redirectUri) return this.redirectUri;
    if (this.wayBack === "deep_link") return "deep-link";
    return this.port.trim() ? `loopback:${this.port.trim()}` : "loopback";
  }

  /** What is to be corrected before the host is asked, field by field: all of it at once. */
  problems(): Map<string, string> {
    const found = new Map([...(this.sheet?.problems() ?? [])].map(([field, what]) => [field, words[what]]));
    if (this.wayBack === "paste" && !/^https:\/\/[^\s/]+/.test(this.address.trim()))
      found.set("redirect", words.redirectMissing);
    const port = this.port.trim();
    if (
      this.wayBack === "loopback" &&
      port &&
      !(/^\d{1,5}$/.test(port) && Number(port) >= 1024 && Number(port) < 65536)
    )
      found.set("redirect", words.portWrong);
    return found;
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
