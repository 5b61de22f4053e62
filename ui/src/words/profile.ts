// Labels for the settings of a provider profile and their choices.

const names: Record<string, string> = {
  issuer: "Issuer",
  authorize_url: "Authorization URL",
  device_authorization_url: "Device authorization URL",
  token_url: "Token URL",
  refresh_url: "Refresh URL",
  revocation_url: "Revocation URL",
  introspection_url: "Introspection URL",
  userinfo_url: "Userinfo URL",
  par_url: "Pushed authorization request URL (RFC 9126)",
  jwks_url: "JWKS URL",
  end_session_url: "Sign-out URL",
  registration_url: "Registration URL (RFC 7591)",
  login_url: "Password sign-in URL",
  api_base: "API base URL",
  identity_provider: "Identity provider",
  email: "Email",
  user_uid: "User ID",
  org: "Organization",
  grant_type: "Grant type",
  client_id: "Client ID requirement",
  client_secret: "Client secret requirement",
  client_auth: "Client authentication",
  client_key_alg: "Signing algorithm",
  client_key: "Private key",
  client_key_id: "Key ID (kid)",
  client_certificate: "Certificate and private key",
  assertion_audience: "Audience of the client’s JWT",
  assertion_subject: "Subject of the assertion",
  assertion_scope: "Scopes of the assertion",
  assertion_lifetime: "Lifetime of the assertion (s)",
  revocation_auth: "Client authentication (revocation)",
  introspection_auth: "Client authentication (introspection)",
  authorize_params: "Authorization parameters",
  response_mode: "Response mode",
  par: "Push authorization requests (PAR)",
  jar: "Sign authorization requests (JAR)",
  dpop: "Bind tokens to a key (DPoP)",
  certificate_bound: "Tokens are bound to the certificate (mTLS)",
  mtls_endpoint_aliases: "URLs for clients with a certificate",
  pkce: "PKCE",
  send_scope: "Send scope",
  scope_separator: "Scope separator",
  scope_aliases: "Scope aliases",
  require_state: "Require state",
  require_iss: "Require iss in callback (RFC 9207)",
  callback_code: "Code parameter name",
  callback_state: "State parameter name",
  token_body: "Token request format",
  token_redirect_uri: "Send redirect_uri in token request",
  token_state: "Send state in token request",
  token_path: "Token path in response",
  envelope: "Response envelope",
  refresh: "Refresh token",
  refresh_method: "Refresh method",
  refresh_body: "Refresh request format",
  refresh_params: "Refresh parameters",
  refresh_redirect_uri: "Send redirect_uri in refresh request",
  refresh_scope: "Send scope in refresh request",
  resource: "Resources (RFC 8707)",
  authorization_details: "Authorization details (RFC 9396)",
  authorization_details_types: "Announced types of authorization details",
  projects_param: "Projects parameter",
  token_prefix: "Access token prefix",
  refresh_token_prefix: "Refresh token prefix",
  pagination: "Pagination of lists in the API",
  content: "Content to browse",
};

const clientAuth = {
  none: "none, without a client ID",
  body: "client_secret_post",
  basic: "client_secret_basic",
  basic_raw: "client_secret_basic, not URL-encoded",
  secret_jwt: "client_secret_jwt",
  private_key_jwt: "private_key_jwt",
  tls_client_auth: "tls_client_auth, a certificate of an authority",
  self_signed_tls_client_auth: "self_signed_tls_client_auth",
};

const choiceNames: Record<string, Record<string, string>> = {
  identity_provider: {
    "": "Choose on the sign-in page",
    facebook: "Facebook",
    github: "GitHub",
    google: "Google",
    twitter: "Twitter",
  },
  dpop: { false: "no", true: "yes, if the provider does", required: "required" },
  refresh: { rotates: "rotating", keeps: "reused", none: "not issued" },
  grant_type: {
    authorization_code: "Authorization code: you sign in in the browser",
    device_code: "Device code: you enter a code on any device",
    client_credentials: "Client credentials: the app itself, without a person",
    jwt_bearer: "JWT bearer: a service account with a private key",
  },
  assertion_scope: { parameter: "as a parameter", claim: "as a claim of the assertion" },
  scope_separator: { space: "space", comma: "comma" },
  client_auth: clientAuth,
  revocation_auth: { "": "same as the token URL", ...clientAuth },
  introspection_auth: { "": "same as the token URL", ...clientAuth },
  authorize_params: { query: "in the query", fragment: "in the fragment", both: "in both" },
  content: {
    none: "none",
    grigora: "Grigora",
    grindery: "Grindery",
    thegrid: "The Grid",
    grovestreams: "GroveStreams",
  },
  refresh_method: { post: "POST", put: "PUT" },
  response_mode: {
    jwt: "jwt, signed (JARM)",
    "query.jwt": "query.jwt, signed (JARM)",
    "form_post.jwt": "form_post.jwt, signed (JARM)",
  },
};
const bodies: Record<string, string> = { form: "form", json: "JSON", query: "query" };
const truth: Record<string, string> = { true: "yes", false: "no" };

/** All labelled settings in display order. */
export const profileKeys = Object.keys(names);

export const valueWord = (key: string): string => names[key] ?? key;

export const choiceWord = (key: string, value: string): string =>
  choiceNames[key]?.[value] ?? truth[value] ?? (key.endsWith("_body") ? (bodies[value] ?? value) : value);

/** A sentence of the host that names settings and their choices by key, in the words of the form. */
export const inFormWords = (sentence: string): string =>
  sentence
    .replace(/ \((\w+)=\w+\)/g, (text, key: string) => (Object.hasOwn(names, key) ? "" : text))
    .replace(/\b(\w+) to (\w+)(?: or (\w+))?/g, (text, key: string, ...choices: (string | undefined)[]) => {
      if (!Object.hasOwn(names, key)) return text;
      const said = choices.slice(0, 2).flatMap((choice) => (choice ? [choiceWord(key, choice)] : []));
      return `“${valueWord(key)}” to ${said.join(" or ")}`;
    });

/** The element ID of a setting's field. Two settings share their name with other fields. */
export const valueId = (key: string): string => (key === "client_id" || key === "client_secret" ? `need_${key}` : key);

export const redirectMethod = {
  recommended: (method: string) => `${method} (recommended)`,
  note: {
    deep_link: "The browser opens Grapnel with the response.",
    loopback: "The browser is redirected to 127.0.0.1. For providers that don’t accept custom schemes.",
    paste: "For providers that accept only HTTPS redirect URIs. You copy the final URL and paste it here.",
  },
  name: { deep_link: "Deep link", loopback: "Loopback (127.0.0.1)", paste: "Paste manually" },
};
