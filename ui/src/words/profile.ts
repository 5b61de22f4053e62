// How the values of a profile are called.

const names: Record<string, string> = {
  issuer: "Issuer",
  authorize_url: "Authorize address",
  token_url: "Token address",
  refresh_url: "Refresh address",
  revocation_url: "Revocation address",
  introspection_url: "Introspection address",
  userinfo_url: "Userinfo address",
  jwks_url: "Keys address (JWKS)",
  login_url: "Password sign-in address",
  api_base: "API base address",
  identity_provider: "Identity provider",
  email: "Email",
  user_uid: "User id",
  org: "Organization",
  client_id: "Client id needed",
  client_secret: "Client secret needed",
  client_auth: "Where client id and secret are sent",
  revocation_auth: "Client authentication at the revocation address",
  introspection_auth: "Client authentication at the introspection address",
  authorize_params: "Where authorize parameters go",
  response_mode: "Response mode",
  pkce: "PKCE",
  send_scope: "Send scopes",
  scope_separator: "Between scopes",
  scope_aliases: "Scopes granted by another name",
  require_state: "Require state",
  require_iss: "Require the issuer in callbacks",
  callback_code: "Other name of the callback’s code",
  callback_state: "Other name of the callback’s state",
  token_body: "Body of token requests",
  token_redirect_uri: "Send the redirect address for the code",
  token_state: "Send the state for the code",
  token_path: "Where the grant is in a reply",
  envelope: "Replies in an envelope",
  refresh: "Refresh token",
  refresh_method: "Method of the refresh",
  refresh_body: "Body of the refresh",
  refresh_params: "Parameters of the refresh",
  refresh_redirect_uri: "Send the redirect URI with the refresh",
  refresh_scope: "Send the scopes with the refresh",
  resource: "Resources (RFC 8707)",
  projects_param: "Parameter of the projects",
  token_prefix: "Access tokens begin with",
  refresh_token_prefix: "Refresh tokens begin with",
  content: "Content to browse",
};

const clientAuth = { none: "nowhere", body: "in the body", basic: "HTTP Basic", basic_raw: "HTTP Basic, not encoded" };

const choiceNames: Record<string, Record<string, string>> = {
  identity_provider: {
    "": "Choose on the page",
    facebook: "Facebook",
    github: "GitHub",
    google: "Google",
    twitter: "Twitter",
  },
  refresh: { rotates: "changes with each refresh", keeps: "stays the same", none: "there is none" },
  scope_separator: { space: "a space", comma: "a comma" },
  client_auth: clientAuth,
  revocation_auth: { "": "as at the token address", ...clientAuth },
  introspection_auth: { "": "as at the token address", ...clientAuth },
  authorize_params: { query: "in the query", fragment: "in the fragment", both: "in both" },
  content: {
    none: "none",
    grigora: "Grigora",
    grindery: "Grindery",
    thegrid: "The Grid",
    grovestreams: "GroveStreams",
  },
  refresh_method: { post: "POST", put: "PUT" },
};
const bodies: Record<string, string> = { form: "form", json: "JSON", query: "query" };
const truth: Record<string, string> = { true: "yes", false: "no" };

export const valueWord = (key: string): string => names[key] ?? key;

export const choiceWord = (key: string, value: string): string =>
  choiceNames[key]?.[value] ?? truth[value] ?? (key.endsWith("_body") ? (bodies[value] ?? value) : value);

/** The id of a value's field. Two values are about fields of the same name. */
export const valueId = (key: string): string => (key === "client_id" || key === "client_secret" ? `need_${key}` : key);

export const wayBack = {
  choice: { deep_link: "By deep link (recommended)", loopback: "By a port of this computer", paste: "Paste it" },
  note: {
    deep_link: "The browser opens Grapnel with the answer.",
    loopback: "The browser brings the answer to 127.0.0.1. For providers that accept no deep links.",
    paste:
      "For providers that accept only https addresses. You copy the address that you were sent to, and paste it here.",
  },
  name: { deep_link: "By deep link", loopback: "By a port of this computer", paste: "Pasted" },
};
