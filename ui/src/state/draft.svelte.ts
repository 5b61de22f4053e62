// An app as it is being typed.

import type { NewApp, ProviderView, SandboxApp, Source } from "../host";

export const addressKeys = ["authorize_url", "token_url", "api_base"] as const;
export type AddressKey = (typeof addressKeys)[number];

const fields = ["name", "client_id", "client_secret", "projects", ...addressKeys] as const;

export class Draft {
  name = $state("");
  provider = $state("");
  clientId = $state("");
  clientSecret = $state("");
  projects = $state("");
  /** What is typed for each address; nothing means the provider's own. */
  addresses = $state<Partial<Record<AddressKey, string>>>({});
  #others: { [key in string]: string };
  #providers: ProviderView[];

  constructor(prefill: SandboxApp | null, providers: ProviderView[]) {
    this.#providers = providers;
    this.provider = prefill?.provider ?? providers[0]?.id ?? "";
    this.name = prefill?.name ?? "";
    this.clientId = prefill?.client_id ?? "";
    this.clientSecret = prefill?.client_secret ?? "";
    this.#others = { ...prefill?.overrides };
    for (const key of addressKeys) {
      const value = this.#others[key];
      delete this.#others[key];
      if (value !== undefined) this.addresses[key] = value;
    }
  }

  get view(): ProviderView | undefined {
    return this.#providers.find((provider) => provider.id === this.provider);
  }

  has = (field: string): boolean => (fields as readonly string[]).includes(field);

  standard = (key: AddressKey): string => this.view?.values.find((value) => value.key === key)?.value ?? "";

  address = (key: AddressKey): string => this.addresses[key] ?? this.standard(key);

  changed = (key: AddressKey): boolean => {
    const typed = this.addresses[key]?.trim();
    return typed !== undefined && typed !== "" && typed !== this.standard(key);
  };

  source = (key: AddressKey): Source =>
    this.changed(key) ? "yours" : (this.view?.values.find((value) => value.key === key)?.source ?? "assumed");

  reset = (key: AddressKey): void => {
    delete this.addresses[key];
  };

  newApp(): NewApp {
    const overrides = { ...this.#others };
    for (const key of addressKeys) if (this.changed(key)) overrides[key] = this.address(key).trim();
    return {
      name: this.name.trim(),
      provider: this.provider,
      client_id: this.clientId.trim(),
      client_secret: this.clientSecret === "" ? null : this.clientSecret,
      projects: this.projects.split(/[\s,]+/).filter(Boolean),
      overrides,
    };
  }
}
