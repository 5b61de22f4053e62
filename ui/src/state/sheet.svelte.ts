// What is typed for one provider: the client, the scopes, and values in place of the profile's own.

import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { Discovery, NewApp, ProviderView, Source } from "../host";
import { addressKeys, choices, facts, isSecret, known, originOf, upFront } from "./profile";

type Need = "required" | "optional" | "none";

const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** https, or this computer. */
const isAddress = (text: string): boolean =>
  /^https:\/\/[^\s/]+|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/.test(text);

/** What a sheet begins with: the sandbox's values, an app's, or those of a profile file. */
export type Known = {
  client_id?: string;
  client_secret?: string;
  has_secret?: boolean;
  scopes?: string[];
  projects?: string[];
  overrides: { [key in string]?: string };
  secrets?: string[];
  discovered?: string[];
};

/** Where a value is from: the profile's own sources, the issuer's metadata, or the host of the other addresses. */
export type ValueSource = Source | "discovery" | "follows";

export class Sheet {
  readonly view: ProviderView;
  /** Whether the vault has a client secret already; whether it is to go. */
  readonly hasSecret: boolean;
  dropped = $state(false);
  clientId = $state("");
  clientSecret = $state("");
  projects = $state("");
  scopes = $state("");
  ticked = new SvelteSet<string>();
  /** What the issuer announced when it was looked up. */
  announced = $state.raw<Discovery | null>(null);
  /** What is typed for each value; nothing means the profile's own. */
  #typed = $state<{ [key in string]: string }>({});
  /** Keys that the profile has no value for. */
  #more = $state<string[]>([]);
  /** What the issuer announced, by key. */
  readonly #found = new SvelteMap<string, string>();
  /** The keys of secret values that the vault has. */
  readonly #held: string[];
  /** Those that are to be removed from it. */
  readonly gone = new SvelteSet<string>();

  constructor(view: ProviderView, known: Known | null) {
    this.view = view;
    this.hasSecret = known?.has_secret ?? false;
    this.clientId = known?.client_id ?? "";
    this.clientSecret = known?.client_secret ?? "";
    this.projects = known?.projects?.join(", ") ?? "";
    for (const [key, value] of Object.entries(known?.overrides ?? {}))
      if (value !== undefined) this.#typed[key] = value;
    for (const key of known?.discovered ?? []) this.#found.set(key, known?.overrides[key] ?? "");
    this.#held = known?.secrets ?? [];
    this.#more = [...Object.keys(this.#typed), ...this.#held].filter((key) => !this.#own(key));
    const named = new Set(view.scopes.map(({ name }) => name));
    for (const scope of known?.scopes ?? []) if (named.has(scope)) this.ticked.add(scope);
    this.scopes = (known?.scopes ?? []).filter((scope) => !named.has(scope)).join(" ");
  }

  #own = (key: string) => this.view.values.find((value) => value.key === key);

  /** What holds where nothing is typed: the profile's own value, at the host that the other addresses of its origin moved to. */
  standard = (key: string): string => {
    const own = this.#own(key)?.value ?? "";
    const origin = originOf(own);
    if (!origin || !addressKeys.includes(key)) return own;
    const others = addressKeys.filter((other) => other !== key && originOf(this.#own(other)?.value ?? "") === origin);
    const set = new Set(others.map((other) => originOf(this.#typed[other]?.trim() ?? "")).filter(Boolean));
    const [to] = set;
    return set.size === 1 && to ? to + own.slice(origin.length) : own;
  };

  value = (key: string): string => this.#typed[key] ?? this.standard(key);

  type = (key: string, text: string): void => {
    this.#typed[key] = text;
  };

  /** Writes what an issuer announces into the values. Tells how many of them are now other than the profile's. */
  announce = (found: Discovery): number => {
    this.announced = found;
    const values = Object.entries(found.values);
    for (const [key, value] of values) {
      this.#found.set(key, value);
      this.type(key, value);
    }
    return values.filter(([key]) => this.changed(key)).length;
  };

  /** Whether a scope is among those that are typed. */
  asksFor = (scope: string): boolean => words(this.scopes).includes(scope);

  /** Adds a scope to those that are typed, or takes it out. */
  ask = (scope: string, on: boolean): void => {
    const others = words(this.scopes).filter((other) => other !== scope);
    this.scopes = (on ? [...others, scope] : others).join(" ");
  };

  /** An address that is emptied is the profile's own again; any other value may be nothing, which an extra parameter is switched off by. */
  changed = (key: string): boolean => {
    const typed = this.#typed[key]?.trim();
    if (typed === "" && !this.#own(key)) return key.startsWith("authorize.");
    if (typed === undefined || (typed === "" && addressKeys.includes(key))) return false;
    // One that is typed as it would follow is set all the same: the others follow it.
    return typed !== this.#own(key)?.value || typed !== this.standard(key);
  };

  /** Whether the person changed a value, and not the issuer's metadata. */
  yours = (key: string): boolean => this.changed(key) && this.source(key) === "yours";

  /** Whether the vault has a value, which stays unless another is typed. */
  held = (key: string): boolean => this.#held.includes(key);

  /** Whether an address was emptied, so that the profile's own stands in for it. */
  emptied = (key: string): boolean =>
    addressKeys.includes(key) && this.standard(key) !== "" && this.#typed[key]?.trim() === "";

  source = (key: string): ValueSource => {
    if (this.changed(key)) return this.#found.get(key) === this.value(key).trim() ? "discovery" : "yours";
    if (this.standard(key) !== (this.#own(key)?.value ?? "")) return "follows";
    return this.#own(key)?.source ?? "assumed";
  };

  reset = (key: string): void => {
    delete this.#typed[key];
    this.#more = this.#more.filter((other) => other !== key);
  };

  /** Shows one more value, such as `authorize.prompt`. */
  add = (key: string): void => {
    if (!key || this.#own(key) || this.#more.includes(key)) return;
    this.#more = [...this.#more, key];
    this.#typed[key] ??= "";
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
    return [
      ...known.filter((key) => this.#own(key)),
      ...this.view.values.map(({ key }) => key).filter((key) => ![...known, ...facts].includes(key)),
      ...this.#more,
    ];
  }

  /** Values that are asked for before anything else, because only the person knows them. */
  get front(): string[] {
    const bare = !this.standard("authorize_url");
    return this.keys.filter(
      (key) => upFront.includes(key) || (bare && ["issuer", "authorize_url", "token_url"].includes(key)),
    );
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
    if (found.size > 0 && this.need("client_secret") === "required" && !this.clientSecret && !this.hasSecret)
      found.set("client_secret", "missing");
    return found;
  }

  /** Secret values: nothing removes the one that the vault has, and those that are not named stay. */
  #secrets(): { [key in string]: string | null } {
    const typed = this.keys.filter((key) => isSecret(key) && this.#typed[key]?.trim());
    return {
      ...Object.fromEntries([...this.gone].map((key) => [key, null])),
      ...Object.fromEntries(typed.map((key) => [key, this.value(key).trim()])),
    };
  }

  entered(): Pick<
    NewApp,
    "client_id" | "client_secret" | "scopes" | "projects" | "overrides" | "secrets" | "discovered"
  > {
    const changed = this.keys.filter((key) => !isSecret(key) && this.changed(key));
    const ticked = this.view.scopes.map(({ name }) => name).filter((name) => this.ticked.has(name));
    return {
      client_id: this.need("client_id") === "none" ? "" : this.clientId.trim(),
      client_secret: this.#secret(),
      scopes: this.asks ? [...ticked, ...words(this.scopes)] : [],
      projects: this.value("projects_param") ? words(this.projects) : [],
      overrides: Object.fromEntries(changed.map((key) => [key, this.value(key).trim()])),
      secrets: this.#secrets(),
      discovered: changed.filter((key) => this.source(key) === "discovery"),
    };
  }
}
