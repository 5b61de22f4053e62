// The values of a profile: which there are, and what each can be.

import type { App, ProviderView } from "../host";

/** Those that are known, in the order to show them. */
export const known = [
  "issuer",
  "authorize_url",
  "token_url",
  "refresh_url",
  "revocation_url",
  "introspection_url",
  "userinfo_url",
  "jwks_url",
  "login_url",
  "api_base",
  "identity_provider",
  "email",
  "user_uid",
  "org",
  "client_id",
  "client_secret",
  "client_auth",
  "revocation_auth",
  "introspection_auth",
  "authorize_params",
  "response_mode",
  "pkce",
  "send_scope",
  "scope_separator",
  "require_state",
  "require_iss",
  "callback_code",
  "callback_state",
  "token_body",
  "token_redirect_uri",
  "token_state",
  "envelope",
  "refresh",
  "refresh_method",
  "refresh_body",
  "refresh_params",
  "refresh_redirect_uri",
  "refresh_scope",
  "resource",
  "projects_param",
  "token_prefix",
  "refresh_token_prefix",
  "content",
];

/** Facts about a provider, which no app can change. */
export const facts = ["state_may_be_waived"];

export const addressKeys = known.slice(0, known.indexOf("api_base") + 1);

/** Those that only the person can know. */
export const upFront = ["identity_provider", "email", "user_uid", "org"];

const yesNo = ["true", "false"];
const bodies = ["form", "json", "query"];
const needs = ["required", "optional", "none"];

const clientAuth = ["none", "body", "basic", "basic_raw"];

/** What a value can be, where that is known. */
export const choices: { [key in string]: string[] } = {
  identity_provider: ["", "facebook", "github", "google", "twitter"],
  client_id: needs,
  client_secret: needs,
  client_auth: clientAuth,
  revocation_auth: ["", ...clientAuth],
  introspection_auth: ["", ...clientAuth],
  authorize_params: ["query", "fragment", "both"],
  response_mode: ["query", "form_post"],
  pkce: ["always", "never"],
  send_scope: yesNo,
  scope_separator: ["space", "comma"],
  require_state: yesNo,
  require_iss: yesNo,
  token_body: bodies,
  token_redirect_uri: yesNo,
  token_state: yesNo,
  envelope: yesNo,
  refresh: ["rotates", "keeps", "none"],
  refresh_method: ["post", "put"],
  refresh_body: bodies,
  refresh_redirect_uri: yesNo,
  refresh_scope: yesNo,
  content: ["none", "grigora", "grindery", "thegrid", "grovestreams"],
};

/** Whether a connection has anything to browse, by what its profile says of its content. */
export const browsable = (content: string): boolean => content !== "" && content !== "none";

/** A value of a provider's profile, or what an app has in place of it. */
export function profileValue(providers: ProviderView[], provider: string, app: App | undefined, key: string): string {
  const own = app?.overrides[key];
  return own ?? providers.find((view) => view.id === provider)?.values.find((value) => value.key === key)?.value ?? "";
}

/** Whether the vault alone keeps a value, as the core has it: it is typed like a password, and never comes back. */
export const isSecret = (key: string): boolean =>
  /^(token|refresh)\../.test(key) || /^authorize\..*(secret|token|passw|assertion|credential|key|jwt)/i.test(key);

/** The origin of an address; nothing where it is none. */
export function originOf(address: string): string {
  const origin = URL.canParse(address) ? new URL(address).origin : "null";
  return origin === "null" ? "" : origin;
}

/** The values that an app has of its own, each with where it is from. */
export const ownValues = (app: App | undefined): { key: string; value: string; discovered: boolean }[] =>
  Object.entries(app?.overrides ?? {}).map(([key, value]) => ({
    key,
    value: value ?? "",
    discovered: app?.discovered.includes(key) ?? false,
  }));
