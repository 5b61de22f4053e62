// The values of a profile: which there are, and what each can be.

import type { App, ProviderView } from "../host";

/** Those that are known, in the order to show them. */
export const known = [
  "issuer", "authorize_url", "token_url", "refresh_url", "revocation_url", "introspection_url", "userinfo_url", "jwks_url", "login_url", "api_base",
  "identity_provider", "email", "user_uid", "org", "client_id", "client_secret", "client_auth", "authorize_params", "pkce", "send_scope", "scope_separator",
  "require_state", "require_iss", "callback_code", "callback_state", "token_body", "token_redirect_uri", "token_state", "envelope", "refresh", "refresh_method",
  "refresh_body", "refresh_params", "projects_param", "token_prefix", "refresh_token_prefix", "content",
];

/** Facts about a provider, which no app can change. */
export const facts = ["state_may_be_waived"];

export const addressKeys = known.slice(0, known.indexOf("api_base") + 1);

/** Those that only the person can know. */
export const upFront = ["identity_provider", "email", "user_uid", "org"];

const yesNo = ["true", "false"];
const bodies = ["form", "json", "query"];
const needs = ["required", "optional", "none"];

/** What a value can be, where that is known. */
export const choices: { [key in string]: string[] } = {
  identity_provider: ["", "facebook", "github", "google", "twitter"],
  client_id: needs,
  client_secret: needs,
  client_auth: ["none", "body", "basic", "basic_raw"],
  authorize_params: ["query", "fragment", "both"],
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
  content: ["none", "grigora", "grindery", "thegrid", "grovestreams"],
};

/** Whether a connection has anything to browse, by what its profile says of its content. */
export const browsable = (content: string): boolean => content !== "" && content !== "none";

/** A value of a provider's profile, or what an app has in place of it. */
export function profileValue(providers: ProviderView[], provider: string, app: App | undefined, key: string): string {
  const own = app?.overrides[key];
  return own ?? providers.find((view) => view.id === provider)?.values.find((value) => value.key === key)?.value ?? "";
}
