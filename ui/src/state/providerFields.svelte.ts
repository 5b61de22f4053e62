// Form fields for one provider: client, scopes and overrides of profile settings.

import { SvelteMap, SvelteSet } from "svelte/reactivity";
import {
  nextCall,
  host,
  type Discovery,
  type NewApp,
  type ProviderView,
  type RegistrationRequest,
  type Scope,
} from "../host";
import type { ValueSource } from "../words";
import { Action } from "./action.svelte";
import {
  assertionKeys,
  clientCertificate,
  endpointKeys,
  hostOf,
  isAddress,
  choices,
  readOnlyKeys,
  isCertificate,
  isSecret,
  isUsed,
  type InitialValues,
  knownKeys,
  ofAssertion,
  originOf,
  parameterKeys,
  upFrontKeys,
  withScheme,
} from "./profile";

type Need = "required" | "optional" | "none";

const words = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

export class ProviderFields {
  readonly view: ProviderView;
  /** Whether a client secret is stored, and whether to delete it. */
  readonly hasSecret: boolean;
  deletesSecret = $state(false);
  clientId = $state("");
  clientSecret = $state("");
  /** Whether a new app's client is to be registered at the provider, and the token for that. */
  registers = $state(false);
  initialToken = $state("");
  projects = $state("");
  /** The scopes to request, as text. The picker adds and removes words of it. */
  scopes = $state("");
  /** The result of discovery. */
  discovery = $state.raw<Discovery | null>(null);
  /** The keys that discovery filled in with values other than the profile's. */
  discovered = $state.raw<string[]>([]);
  /** A running or failed discovery. */
  readonly looking = new Action();
  /** The issuer that was looked up last; an error belongs to it alone. */
  asked = $state("");
  #call: number | null = null;
  /** Typed values by key; a missing key means the profile's value. */
  #typed = $state<{ [key in string]: string }>({});
  /** Additional keys that the profile does not define. */
  #more = $state<string[]>([]);
  /** Discovered values by key. */
  readonly #found = new SvelteMap<string, string>();
  /** Keys of secret values stored in the vault. */
  readonly #held: string[];
  /** Stored secret values to delete. */
  readonly deleted = new SvelteSet<string>();

  constructor(view: ProviderView, known: InitialValues | null) {
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
    const usual = view.scopes.filter(({ selected }) => selected).map(({ name }) => name);
    this.scopes = (known ? (known.scopes ?? []) : usual).join(" ");
  }

  #own = (key: string) => this.view.values.find((value) => value.key === key);

  /** The default: the profile's value, moved to the origin that the other endpoints were moved to. */
  defaultValue = (key: string): string => {
    const own = this.#own(key)?.value ?? "";
    const origin = originOf(own);
    if (!origin || !endpointKeys.includes(key)) return own;
    const others = endpointKeys.filter((other) => other !== key && originOf(this.#own(other)?.value ?? "") === origin);
    const set = new Set(others.map((other) => originOf(this.#typed[other]?.trim() ?? "")).filter(Boolean));
    const [to] = set;
    return set.size === 1 && to ? to + own.slice(origin.length) : own;
  };

  value = (key: string): string => this.#typed[key] ?? this.defaultValue(key);

  set = (key: string, text: string): void => {
    this.add(key);
    this.#typed[key] = text;
  };

  /** Sets a parameter of the authorization request; blank means that none is sent besides the profile's. */
  setParameter = (key: string, text: string): void => {
    if (text === "" && !this.#own(key)) return this.reset(key);
    this.add(key);
    this.set(key, text);
  };

  /** Runs discovery and fills in what it finds. Returns whether it succeeded. */
  lookUp = (): Promise<boolean> => {
    const typed = this.value("issuer").trim();
    const issuer = withScheme(typed);
    if (issuer !== typed) this.set("issuer", issuer);
    return this.#discover(issuer, null);
  };

  /** Chooses one of the authorization servers of the resource that was found. */
  chooseServer = (server: string): Promise<boolean> =>
    this.#discover(this.discovery?.resource?.resource ?? server, server);

  #discover(asked: string, server: string | null): Promise<boolean> {
    const call = nextCall();
    this.#call = call;
    this.asked = asked;
    return this.looking.run(async () => this.applyDiscovery(await host.discover(asked, server, call)));
  }

  /** Stops a running discovery. */
  cancelLookUp = (): void => {
    if (this.#call !== null) void host.cancel(this.#call).catch(() => undefined);
  };

  /** Fills in discovered values. */
  applyDiscovery = (found: Discovery): void => {
    this.discovery = found;
    const values = Object.entries(found.values);
    for (const [key, value] of values) {
      this.#found.set(key, value);
      this.set(key, value);
    }
    // The other grants of the issuer are for the person to choose.
    if (!("grant_type" in found.values) && this.#found.has("grant_type")) this.reset("grant_type");
    this.discovered = values.map(([key]) => key).filter(this.isChanged);
    // OpenID Connect begins with this scope, and without any there is nothing to ask for.
    if (!this.scopes.trim() && found.scopes.includes("openid")) this.scopes = "openid";
    if (!found.resource) return;
    if (found.resource.scopes.length > 0) this.scopes = found.resource.scopes.join(" ");
    this.registers = found.registration.auth_method !== null && !this.clientId.trim();
  };

  /** What the protected resource, or else the issuer's host, is called. */
  get ownName(): string {
    return this.discovery?.resource?.name ?? hostOf(this.value("issuer") || this.value("token_url"));
  }

  /** The provider's name in a sentence. */
  get title(): string {
    return (this.isBare && this.ownName) || this.view.name;
  }

  /** Whether the client can be registered at the provider from here. */
  get canRegister(): boolean {
    return this.value("registration_url").trim() !== "";
  }

  /** The registration of the client, for a new app; null if the person registered it. */
  registration(): Pick<RegistrationRequest, "auth_method" | "initial_access_token"> | null {
    if (!this.registers || !this.canRegister) return null;
    const offered = this.source("client_auth") === "yours" ? null : this.discovery?.registration.auth_method;
    return { auth_method: offered ?? null, initial_access_token: this.initialToken.trim() || null };
  }

  /** The scopes to pick from: the issuer's, else the profile's. Known ones have their description. */
  get knownScopes(): Scope[] {
    const described = new Map(this.view.scopes.map((scope) => [scope.name, scope.description]));
    const announced = this.discovery?.scopes ?? [];
    if (announced.length === 0) return this.view.scopes;
    return announced.map((name) => ({ name, description: described.get(name) ?? "" }));
  }

  /** Whether the scopes field contains a scope. */
  requests = (scope: string): boolean => words(this.scopes).includes(scope);

  /** Adds a scope to the scopes field or removes it. Known scopes keep the picker's order. */
  request = (scope: string, on: boolean): void => {
    const all = words(this.scopes).filter((other) => other !== scope);
    if (on) all.push(scope);
    const known = this.knownScopes.map(({ name }) => name);
    const picked = known.filter((name) => all.includes(name));
    this.scopes = [...picked, ...all.filter((name) => !known.includes(name))].join(" ");
  };

  /**
   * Whether a value differs from its default. A blank endpoint means the default; a blank extra parameter is a
   * value.
   */
  isChanged = (key: string): boolean => {
    const typed = this.#typed[key]?.trim();
    if (typed === "" && !this.#own(key)) return key.startsWith("authorize.");
    if (typed === undefined || (typed === "" && endpointKeys.includes(key))) return false;
    // A typed value equal to the derived default still counts, because other endpoints derive from it.
    return typed !== this.#own(key)?.value || typed !== this.defaultValue(key);
  };

  /** Whether the person changed the value, as opposed to discovery. */
  isCustom = (key: string): boolean => this.isChanged(key) && this.source(key) === "yours";

  /** Whether the vault stores a value for this key. */
  isStored = (key: string): boolean => this.#held.includes(key);

  /** Whether an endpoint was left blank, so that its default applies. */
  isEmptied = (key: string): boolean =>
    endpointKeys.includes(key) && this.defaultValue(key) !== "" && this.#typed[key]?.trim() === "";

  source = (key: string): ValueSource => {
    if (this.isChanged(key)) return this.#found.get(key) === this.value(key).trim() ? "discovery" : "yours";
    if (this.defaultValue(key) !== (this.#own(key)?.value ?? "")) return "follows";
    return this.#own(key)?.source ?? "assumed";
  };

  /** The page of the provider's documentation that the profile's value is from. */
  page = (key: string): string | undefined => (this.isChanged(key) ? undefined : (this.#own(key)?.page ?? undefined));

  reset = (key: string): void => {
    delete this.#typed[key];
    this.#more = this.#more.filter((other) => other !== key);
  };

  /** Adds a key such as `authorize.prompt`. */
  add = (key: string): void => {
    if (!key || this.#own(key) || this.#more.includes(key)) return;
    this.#more = [...this.#more, key];
    this.#typed[key] ??= "";
  };

  /** The possible values for this provider, if known. */
  choices = (key: string): string[] | undefined =>
    key === "require_state" && this.defaultValue("state_may_be_waived") !== "true" ? ["true"] : choices[key];

  /** How the app obtains tokens. */
  get grant(): string {
    return this.value("grant_type") || "authorization_code";
  }

  /** Whether the grant is chosen here. */
  get asksGrant(): boolean {
    return this.#own("grant_type") !== undefined;
  }

  /** Whether the issuer's metadata leaves out the chosen grant. */
  get isGrantMissing(): boolean {
    const offered = this.discovery?.grant_types ?? [];
    return offered.length > 0 && !offered.includes(this.grant);
  }

  need = (key: "client_id" | "client_secret"): Need => {
    const value = this.value(key);
    // Without a person, only a secret proves who asks.
    const isAlone =
      this.grant === "client_credentials" && ["basic", "basic_raw", "body"].includes(this.value("client_auth"));
    if (key === "client_secret" && isAlone) return "required";
    return value === "none" || value === "optional" ? value : "required";
  };

  /** Whether the provider takes scopes. */
  get sendsScope(): boolean {
    return this.value("send_scope") !== "false";
  }

  get keys(): string[] {
    return [
      ...knownKeys.filter((key) => this.#own(key)),
      ...this.view.values.map(({ key }) => key).filter((key) => ![...knownKeys, ...readOnlyKeys].includes(key)),
      ...this.#more,
    ];
  }

  /** Keys shown first, because only the person knows their values. */
  get upFrontKeys(): string[] {
    return this.keys.filter((key) => upFrontKeys.includes(key) && isUsed(this.grant, key));
  }

  /** Whether the profile has no endpoints of its own, so that they are discovered or entered. */
  get isBare(): boolean {
    return !this.defaultValue("authorize_url");
  }

  /** Whether the issuer is asked for first. */
  get startsWithIssuer(): boolean {
    return this.#own("issuer") !== undefined && (this.isBare || this.fact("issuer_example") !== "");
  }

  /** A fact of the profile that no app can override. */
  fact = (key: string): string => this.#own(key)?.value ?? "";

  get endpointKeys(): string[] {
    return this.keys.filter(
      (key) => endpointKeys.includes(key) && isUsed(this.grant, key) && !(key === "issuer" && this.startsWithIssuer),
    );
  }

  /** Whether the client authentication method is asked for beside the client secret. */
  get asksClientAuth(): boolean {
    return this.need("client_secret") !== "none" && this.#own("client_auth") !== undefined;
  }

  /** Whether the client signs with a private key, as the core has it (`client_key::is_needed`). */
  get signs(): boolean {
    const methods = ["client_auth", "revocation_auth", "introspection_auth"].map(this.value);
    return this.grant === "jwt_bearer" || this.value("jar") === "true" || methods.includes("private_key_jwt");
  }

  /** The settings of what the client signs: the JWT that it authenticates with, or its authorization requests. */
  get assertionKeys(): string[] {
    const own = this.hasCertificate ? [clientCertificate] : [];
    if (this.grant === "jwt_bearer") return [...assertionKeys, ...own, ...ofAssertion];
    if (!this.asksClientAuth) return [];
    if (this.signs) return [...assertionKeys, ...own];
    if (own.length > 0) return ["client_key_alg", ...own];
    return this.value("client_auth") === "secret_jwt" ? ["assertion_audience"] : [];
  }

  /** Whether the client has a TLS certificate. */
  get hasCertificate(): boolean {
    const methods = ["client_auth", "revocation_auth", "introspection_auth"];
    return methods.some((key) => isCertificate(this.value(key))) || this.value("certificate_bound") === "true";
  }

  /** Whether a private key or a certificate is stored that stays. */
  keeps = (key: string): boolean => this.isStored(key) && !this.deleted.has(key) && !this.value(key).trim();

  /** Whether the client secret is asked for. */
  get asksSecret(): boolean {
    const method = this.value("client_auth");
    return this.need("client_secret") !== "none" && method !== "private_key_jwt" && !isCertificate(method);
  }

  get advancedKeys(): string[] {
    const ofClient = this.asksClientAuth ? ["client_auth", clientCertificate, ...assertionKeys] : [];
    const elsewhere = [...endpointKeys, ...upFrontKeys, ...parameterKeys, "grant_type", ...ofClient];
    return this.keys.filter((key) => !elsewhere.includes(key) && isUsed(this.grant, key));
  }

  /** The client secret to send: null keeps the stored one, "" deletes it. */
  #secret(): string | null {
    if (this.need("client_secret") === "none") return null;
    return this.clientSecret || (this.deletesSecret ? "" : null);
  }

  /** Fields that are required and empty, or invalid URLs. The host validates the rest. */
  problems(): Map<string, "missing" | "address"> {
    const found = new Map<string, "missing" | "address">();
    const isShown = (key: string) => key !== "issuer" && endpointKeys.includes(key) && isUsed(this.grant, key);
    for (const key of this.keys.filter(isShown)) {
      const value = this.value(key).trim();
      const needed = ["authorize_url", "token_url"].includes(key) && this.isBare;
      if (value && !isAddress(value)) found.set(key, "address");
      else if (!value && (needed || (key === "device_authorization_url" && this.grant === "device_code")))
        found.set(key, "missing");
    }
    if (this.need("client_id") === "required" && !this.clientId.trim() && !this.registration())
      found.set("client_id", "missing");
    // The host validates the secret; mark it here only together with other errors.
    if (found.size > 0 && this.need("client_secret") === "required" && !this.clientSecret && !this.hasSecret)
      found.set("client_secret", "missing");
    return found;
  }

  /** Secret values to send: null deletes a stored one, missing keys stay. */
  #secrets(): { [key in string]: string | null } {
    const typed = this.keys.filter((key) => isSecret(key) && this.#typed[key]?.trim());
    return {
      ...Object.fromEntries([...this.deleted].map((key) => [key, null])),
      ...Object.fromEntries(typed.map((key) => [key, this.value(key).trim()])),
    };
  }

  values(): Pick<
    NewApp,
    "client_id" | "client_secret" | "scopes" | "projects" | "overrides" | "secrets" | "discovered"
  > {
    const changed = this.keys.filter((key) => !isSecret(key) && this.isChanged(key));
    return {
      client_id: this.need("client_id") === "none" ? "" : this.clientId.trim(),
      client_secret: this.#secret(),
      scopes: this.sendsScope ? words(this.scopes) : [],
      projects: this.value("projects_param") ? words(this.projects) : [],
      overrides: Object.fromEntries(changed.map((key) => [key, this.value(key).trim()])),
      secrets: this.#secrets(),
      discovered: changed.filter((key) => this.source(key) === "discovery"),
    };
  }
}
