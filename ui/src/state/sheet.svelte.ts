// What is typed for one provider: the client, the scopes, and values in place of the profile's own.

import { SvelteSet } from "svelte/reactivity";
import type { NewApp, ProviderView, Source } from "../host";
import { addressKeys, choices, facts, known, upFront } from "./profile";

type Need = "required" | "optional" | "none";

const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** https, or this computer. */
const isAddress = (text: string): boolean => /^https:\/\/[^\s/]+|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/.test(text);

/** What a sheet begins with: the sandbox's values, an app's, or those of a profile file. */
export type Known = { client_id?: string; client_secret?: string; has_secret?: boolean; scopes?: string[]; projects?: string[]; overrides: { [key in string]?: string } };

export class Sheet {
  readonly view: ProviderView;
  /** Whether the vault has a client secret already; whether it is to go. */
  readonly held: boolean;
  dropped = $state(false);
  clientId = $state("");
  clientSecret = $state("");
  projects = $state("");
  scopes = $state("");
  ticked = new SvelteSet<string>();
  /** What is typed for each value; nothing means the profile's own. */
  #typed = $state<{ [key in string]: string }>({});
  /** Keys that the profile has no value for. */
  #more = $state<string[]>([]);

  constructor(view: ProviderView, known: Known | null) {
    this.view = view;
    this.held = known?.has_secret ?? false;
    this.clientId = known?.client_id ?? "";
    this.clientSecret = known?.client_secret ?? "";
    this.projects = known?.projects?.join(", ") ?? "";
    for (const [key, value] of Object.entries(known?.overrides ?? {})) if (value !== undefined) this.#typed[key] = value;
    this.#more = Object.keys(this.#typed).filter((key) => !this.#own(key));
    const named = new Set(view.scopes.map(({ name }) => name));
    for (const scope of known?.scopes ?? []) if (named.has(scope)) this.ticked.add(scope);
    this.scopes = (known?.scopes ?? []).filter((scope) => !named.has(scope)).join(" ");
  }

  #own = (key: string) => this.view.values.find((value) => value.key === key);

  standard = (key: string): string => this.#own(key)?.value ?? "";

  value = (key: string): string => this.#typed[key] ?? this.standard(key);

  type = (key: string, text: string): void => {
    this.#typed[key] = text;
  };

  /** An address that is emptied is the profile's own again; any other value may be nothing. */
  changed = (key: string): boolean => {
    const typed = this.#typed[key]?.trim();
    return typed !== undefined && typed !== this.standard(key) && !(typed === "" && (addressKeys.includes(key) || !this.#own(key)));
  };

  /** Whether an address was emptied, so that the profile's own stands in for it. */
  emptied = (key: string): boolean => addressKeys.includes(key) && this.standard(key) !== "" && this.#typed[key]?.trim() === "";

  source = (key: string): Source => (this.changed(key) ? "yours" : (this.#own(key)?.source ?? "assumed"));

  reset = (key: string): void => {
    delete this.#typed[key];
    this.#more = this.#more.filter((other) => other !== key);
  };

  /** Shows one more value, such as `authorize.prompt`. */
  add = (key: string): void => {
    if (key && !this.#own(key) && !this.#more.includes(key)) this.#more = [...this.#more, key];
  };

  /** What a value can be here, where that is known. */
  choices = (key: string): string[] | undefined =>
    key === "require_state" && this.standard("state_may_be_waived") !== "true" ? ["true"] : choices[key];

  need = (key: "client_id" | "client_secret"): Need => {
    const value = this.value(key);
    return value === "none" || value === "optional" ? value : "required";
  };

  /** Whether scopes are sent at all. */
  get asks(): boolean {
    return this.value("send_scope") !== "false";
  }

  get keys(): string[] {
    return [...known.filter((key) => this.#own(key)), ...this.view.values.map(({ key }) => key).filter((key) => ![...known, ...facts].includes(key)), ...this.#more];
  }

  /** Values that are asked for before anything else, because only the person knows them. */
  get front(): string[] {
    const bare = !this.standard("authorize_url");
    return this.keys.filter((key) => upFront.includes(key) || (bare && ["issuer", "authorize_url", "token_url"].includes(key)));
  }

  get addresses(): string[] {
    return this.keys.filter((key) => addressKeys.includes(key) && !this.front.includes(key));
  }

  get conventions(): string[] {
    return this.keys.filter((key) => !addressKeys.includes(key) && !this.front.includes(key));
  }

  /** What becomes of the client secret: nothing keeps what the vault has, and the empty text removes it. */
  #secret(): string | null {
    if (this.need("client_secret") === "none") return null;
    return this.clientSecret || (this.dropped ? "" : null);
  }

  /** Fields that cannot be as they are: needed and empty, or no address. The host, which is asked next, knows more. */
  problems(): Map<string, "missing" | "address"> {
    const found = new Map<string, "missing" | "address">();
    for (const key of this.keys.filter((key) => key !== "issuer" && addressKeys.includes(key))) {
      const value = this.value(key).trim();
      if (value && !isAddress(value)) found.set(key, "address");
      else if (!value && this.front.includes(key)) found.set(key, "missing");
    }
    if (this.need("client_id") === "required" && !this.clientId.trim()) found.set("client_id", "missing");
    // The host decides on the secret; where it is not asked yet, it is marked with the others.
    if (found.size > 0 && this.need("client_secret") === "required" && !this.clientSecret && !this.held) found.set("client_secret", "missing");
    return found;
  }

  entered(): Pick<NewApp, "client_id" | "client_secret" | "scopes" | "projects" | "overrides"> {
    const ticked = this.view.scopes.map(({ name }) => name).filter((name) => this.ticked.has(name));
    return {
      client_id: this.need("client_id") === "none" ? "" : this.clientId.trim(),
      client_secret: this.#secret(),
      scopes: this.asks ? [...ticked, ...words(this.scopes)] : [],
      projects: this.value("projects_param") ? words(this.projects) : [],
      overrides: Object.fromEntries(this.keys.filter(this.changed).map((key) => [key, this.value(key).trim()])),
    };
  }
}
