// The settings of a provider profile and their possible values.

import type { App, ProviderView } from "../host";
import { profileKeys } from "../words";

/** Known settings in display order: that of their labels. */
export const knownKeys = profileKeys;

/** Facts about a provider that an app cannot override. */
export const readOnlyKeys = ["state_may_be_waived", "redirect_method", "issuer_example"];

export const endpointKeys = knownKeys.slice(0, knownKeys.indexOf("api_base") + 1);

/** Settings that only the person can know. */
export const upFrontKeys = ["identity_provider", "email", "user_uid", "org"];

/** Parameters of the authorization request that are shown by name, besides any others. */
export const parameterKeys = [
  "authorize.audience",
  "resource",
  "authorization_details",
  "authorize.prompt",
  "authorize.login_hint",
  "authorize.acr_values",
];

/** Settings that only the authorization code grant uses. */
const ofCallback = [
  "authorize_url",
  "authorize_params",
  "identity_provider",
  "email",
  "response_mode",
  "pkce",
  "require_state",
  "require_iss",
  "callback_code",
  "callback_state",
  "token_redirect_uri",
  "token_state",
  "projects_param",
  "authorize.prompt",
  "authorize.login_hint",
  "authorize.acr_values",
];
/** Settings that a grant without a person does not use. */
const ofPerson = [
  "device_authorization_url",
  "login_url",
  "userinfo_url",
  "refresh",
  "refresh_url",
  "refresh_method",
  "refresh_body",
  "refresh_params",
  "refresh_redirect_uri",
  "refresh_scope",
  "refresh_token_prefix",
  "authorize.audience",
];

/** Whether a grant gives the app its own tokens, without a person. */
export const isOfApp = (grant: string | undefined): boolean => grant === "client_credentials" || grant === "jwt_bearer";

/** Settings of the JWT bearer grant. */
export const ofAssertion = ["assertion_subject", "assertion_scope", "assertion_lifetime"];

/** Whether a grant uses a setting. */
export function isUsed(grant: string, key: string): boolean {
  if (ofAssertion.includes(key)) return grant === "jwt_bearer";
  if (isOfApp(grant)) return ![...ofCallback, ...ofPerson].includes(key);
  return grant !== "device_code" || !ofCallback.includes(key);
}

const yesNo = ["true", "false"];
const bodies = ["form", "json", "query"];
const needs = ["required", "optional", "none"];

const certificateAuth = ["tls_client_auth", "self_signed_tls_client_auth"];
const clientAuth = ["none", "body", "basic", "basic_raw", "secret_jwt", "private_key_jwt", ...certificateAuth];

/** Whether a client authenticates with a TLS certificate. */
export const isCertificate = (method: string): boolean => certificateAuth.includes(method);

/** The app's private key, which the vault stores. */
export const clientKey = "client_key";

/** The app's TLS certificate with its private key, which the vault stores. */
export const clientCertificate = "client_certificate";

/** Settings of a client that authenticates with a JWT. */
export const assertionKeys = ["client_key_alg", clientKey, "client_key_id", "assertion_audience"];

/** The possible values of a setting, if they are known. */
export const choices: { [key in string]: string[] } = {
  grant_type: ["authorization_code", "device_code", "client_credentials", "jwt_bearer"],
  identity_provider: ["", "facebook", "github", "google", "twitter"],
  client_id: needs,
  client_secret: needs,
  client_auth: clientAuth,
  revocation_auth: ["", ...clientAuth],
  introspection_auth: ["", ...clientAuth],
  client_key_alg: ["ES256", "EdDSA", "RS256", "PS256"],
  assertion_scope: ["parameter", "claim"],
  par: yesNo,
  jar: yesNo,
  authorize_params: ["query", "fragment", "both"],
  response_mode: ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"],
  dpop: ["false", "true", "required"],
  certificate_bound: ["false", "true"],
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

/** Whether a profile's `content` setting allows browsing. */
export const browsable = (content: string): boolean => content !== "" && content !== "none";

/** An app's override of a profile setting, or the provider's value. */
export function profileValue(providers: ProviderView[], provider: string, app: App | undefined, key: string): string {
  const own = app?.overrides[key];
  return own ?? providers.find((view) => view.id === provider)?.values.find((value) => value.key === key)?.value ?? "";
}

/** Whether a setting is stored in the vault (same rule as the core): typed like a password, never returned. */
export const isSecret = (key: string): boolean =>
  key === clientKey ||
  key === clientCertificate ||
  /^(token|refresh)\../.test(key) ||
  /^authorize\..*(secret|token|passw|assertion|credential|key|jwt)/i.test(key);

/** The origin of a URL, or "" if it is invalid. */
export function originOf(address: string): string {
  const origin = URL.canParse(address) ? new URL(address).origin : "null";
  return origin === "null" ? "" : origin;
}

/** An app's overrides, each with its source. */
export const ownValues = (app: App | undefined): { key: string; value: string; discovered: boolean }[] =>
  Object.entries(app?.overrides ?? {}).map(([key, value]) => ({
    key,
    value: value ?? "",
    discovered: app?.discovered.includes(key) ?? false,
  }));

/** HTTPS, or HTTP on loopback. */
export const isAddress = (text: string): boolean =>
  /^https:\/\/[^\s/]+|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/.test(text);

/** The host of a URL with its port; empty if it is none. */
export function hostOf(text: string): string {
  try {
    return new URL(text).host;
  } catch {
    return "";
  }
}

/** A host that was entered without a scheme, with https. */
export const withScheme = (text: string): string =>
  /^[\w.-]+\.[a-z]{2,}([:/]|$)/i.test(text) ? `https://${text}` : text;

/** Initial values: from the sandbox, an existing app or a profile file. */
export type InitialValues = {
  client_id?: string;
  client_secret?: string;
  has_secret?: boolean;
  scopes?: string[];
  projects?: string[];
  overrides: { [key in string]?: string };
  secrets?: string[];
  discovered?: string[];
};
