import type { ImportFormat, Source } from "../host";
import { count, number } from "./number";

/** The source of a value: the profile, the issuer's metadata, or the origin of the other endpoints. */
export type ValueSource = Source | "discovery" | "follows";

export const addApp = {
  title: "Add app",
  lead:
    "An app is the OAuth client you registered with the provider; each account that signs in through it becomes a " +
    "connection.",
  steps: "Steps",
  step: { provider: "Provider", register: "Register", credentials: "Credentials", scopes: "Scopes" },
  stepWrong: "has errors",
  back: "Back",
  next: "Next",
  sandboxNote: "Filled in for the sandbox. Nothing leaves this computer.",
  provider: "Provider",
  otherProviders: "Other providers",
  anyProvider: "Discover from an issuer, or enter the endpoints",
  templates: "Templates",
  templateNote: "Filled in from the provider’s documentation",
  issuerMaybe: (provider: string) =>
    `If ${provider} runs for your organization alone: Discover replaces the endpoints by those of this issuer.`,
  redirect: "Redirect URI to register",
  redirectHow: (provider: string) =>
    `Register this exact redirect URI with ${provider} before you connect. ` +
    `If ${provider} rejects it, choose another redirect method below.`,
  redirectPlain: "Redirect URI",
  redirectMaybe: "If the provider asks for a redirect URI, use this one exactly.",
  anyPort: "Grapnel picks a free port for each sign-in (RFC 8252). If the provider compares ports, set a fixed one.",
  redirectMethod: "Redirect method",
  testDeepLink: "Test deep link",
  testingDeepLink: "Testing…",
  deepLinkWorks: "The link opens Grapnel.",
  port: "Port",
  portNote: "Leave blank to use any free port.",
  loopbackUri: "Registered redirect URI",
  loopbackUriNote:
    "If the app is registered with a loopback URI of its own: http://localhost, http://127.0.0.1 or http://[::1], " +
    "with any port and path.",
  redirectAddress: "Your HTTPS redirect URI",
  environment: "Environment",
  environmentNote: "Such as Production or Staging. The list on the left can be grouped by it.",
  registered: "Register your app",
  scopes: "Scopes",
  scopesNote: "Separated by spaces or commas.",
  advanced: "Advanced OAuth options",
  advancedNote: "How Grapnel talks to this provider. Change these only if its documentation says otherwise.",
  sourcesNote:
    "Beside each value is its source: documented by the provider, from its source code, discovered in its metadata, " +
    "assumed (the usual value, where the documentation is silent), or custom (yours).",
  discover: "Discover",
  discovering: "Discovering…",
  stopDiscovering: "Cancel",
  discovered: (names: string[]) =>
    names.length === 0
      ? "The metadata was read. Everything was set already."
      : `Found in the metadata: ${names.join(", ")}.`,
  foundResource: (resource: string, name: string | null) =>
    `Found the protected resource ${[name, resource].filter(Boolean).join(", ")}. Tokens for it are sent there.`,
  server: "Authorization server",
  serverNote: "The resource accepts tokens of each of these.",
  register: "Register this app at the provider (RFC 7591)",
  registerNote: "Grapnel sends the redirect URI and the scopes, and gets a client ID.",
  registerOffer: (provider: string) =>
    `${provider} lets programs register themselves. If you have no client ID yet, tick this box: ` +
    `Grapnel registers the app, and you enter nothing at ${provider}.`,
  initialToken: "Initial access token",
  initialTokenNote: "If the provider gives one out for registering apps. It isn’t stored.",
  useIssuer: (issuer: string) => `Use ${issuer}`,
  scopesSupported: (n: number) => `${count(n, "scope", "scopes")} supported by the issuer`,
  scopesOfResource: (n: number) => `${count(n, "scope", "scopes")} named by the resource`,
  scopesKnown: (provider: string) => `Scopes in ${provider}’s documentation`,
  scopesFilter: "Filter scopes",
  scopeNote: {
    openid: "Sign-in with OpenID Connect: asks for an ID token",
    offline_access: "Asks for a refresh token, so that you stay connected",
  } as Record<string, string | undefined>,
  noScopes: (provider: string) =>
    `${provider} takes no scopes with a request: what an app may do is part of its registration.`,
  parameters: "Request parameters",
  parametersNote: "Optional. Sent with every authorization request of this app.",
  parameterNote: {
    "authorize.audience": "The API that the access token is for (Auth0, Atlassian).",
    resource: "The same, defined by RFC 8707: absolute URIs, separated by spaces.",
    authorization_details: "A JSON array of objects with a type, for more than scopes can say.",
    "authorize.prompt": "none, login, consent or select_account.",
    "authorize.login_hint": "The account to sign in with. A connection’s own account comes first.",
    "authorize.acr_values": "The authentication context to ask for, such as a second factor.",
  } as Record<string, string | undefined>,
  clientAuthNote: "How the client proves who it is. A public client only names itself.",
  grantNote: {
    authorization_code: "You approve access in your browser, which then returns to Grapnel with a code.",
    device_code: "For a device without a browser (RFC 8628). No redirect URI is needed.",
    jwt_bearer: "For a service account (RFC 7523): the app signs its requests. Add one from its JSON key file.",
    client_credentials:
      "For a service of your own: a token for the app itself. It needs a client secret, and no redirect URI.",
  } as Record<string, string | undefined>,
  noRedirect: "This grant type has no redirect URI: nothing to register but the client itself.",
  grantNotOffered: (offered: string[]) =>
    `The provider’s metadata doesn’t offer this grant type. ` +
    `It offers: ${offered.map((one) => one.replaceAll("_", " ")).join(", ")}.`,
  parametersClientNote: "Optional. Sent with every token request. Add others below, such as token.audience.",
  noClient: (provider: string) => `${provider} has no client ID and no client secret.`,
  inGrapnel: "In Grapnel",
  stateWarning:
    "Without state, a forged callback could sign you in as someone else (CSRF). " +
    "Turn this off only if the provider doesn’t return it.",
  more: "Extra parameter",
  moreNote:
    "Key: authorize.NAME, token.NAME or refresh.NAME adds a parameter to that request, token.header.NAME a header. " +
    "Any other profile key works too.",
  extraNote: "If blank, the parameter isn’t sent, even if Grapnel sends it by default.",
  valueHeld: "Stored in the vault. Leave blank to keep it.",
  valueGone: "The stored value will be deleted.",
  removeValue: (key: string) => `Delete ${key} from the vault`,
  remove: "Delete",
  keep: "Undo",
  keepValue: (key: string) => `Undo: keep ${key}`,
  addValue: "Add parameter",
  valueNote: {
    client_key: "PEM, from BEGIN PRIVATE KEY to END PRIVATE KEY. Leave it empty to have Grapnel make one.",
    client_certificate:
      "PEM: the certificate with its chain, then the private key. Leave it empty to have Grapnel sign one itself.",
    client_key_id: "If the provider shows one for your key. Otherwise the key’s thumbprint is sent.",
    assertion_audience: "default, issuer, token_url, or the provider’s own.",
    assertion_subject: "client, none, or the account to act for.",
    issuer:
      "Discover fills in the endpoints from the issuer’s metadata. The URL of a protected API or an MCP server leads " +
      "there, too.",
    email: "Prefilled on the sign-in page.",
    user_uid: "Needed to show whose account this is and to list organizations.",
    org: "Its ID is sent with requests for a single organization.",
  } as Record<string, string | undefined>,
  redirectSandbox: "Already registered in the sandbox.",
  portal: (provider: string) => `Manage apps at ${provider}`,
  copyRedirect: "Copy redirect URI",
  copyRedirectBy: (method: string) => `Copy redirect URI: ${method}`,
  copyPortal: "Copy portal URL",
  openPortal: "Open portal in the browser",
  name: "Name",
  nameNote: "Shown only in Grapnel.",
  clientId: "Client ID",
  clientSecret: "Client secret",
  secretNote: "Stored in the vault; never shown again.",
  showSecret: "Show client secret",
  hideSecret: "Hide client secret",
  projects: "Preselected projects",
  projectsNote: "Project IDs, separated by commas or line breaks. The consent page preselects them.",
  optional: "optional",
  endpoints: "Endpoints",
  endpointsChanged: (changed: number) => `${changed} customized`,
  endpointsDiscovered: (found: number) => `${found} discovered`,
  endpointsByHand: "Discover fills these in. Enter them yourself if the provider publishes no metadata.",
  enterEndpoints: "Enter the endpoints",
  readScopes: "Show the issuer’s scopes",
  endpointsNote: "Where Grapnel sends requests. Change these only for a self-hosted instance.",
  emptied: (standard: string) => `Blank uses the default: ${standard}`,
  reset: "Reset to default",
  resetOf: (what: string) => `Reset to default: ${what}`,
  submit: "Add app",
  adding: "Adding…",
  missing: "This field is required.",
  address: "Enter an https:// URL.",
  redirectMissing: "Enter the https:// redirect URI that is registered with the provider.",
  portWrong: "Enter a port from 1024 to 65535, or leave it blank.",
};

/** Testing an app's endpoints before it is added. */
export const endpointTest = {
  test: "Test",
  ofApp: "Test endpoints",
  cancel: "Cancel test",
  testing: "Testing…",
  title: "Test",
  note: "No credentials are sent.",
  outcome: { passed: "OK", unclear: "Unclear", failed: "Failed" },
  done: (failed: number, unclear: number, all: number) =>
    (failed === 0 ? `All ${all} were reached` : `${failed} of ${all} failed`) +
    (unclear ? `, ${unclear} unclear.` : "."),
};

/** The same form, for an existing app. */
export const changeApp = {
  updatesClient: "Change the registration at the provider as well",
  title: (name: string) => `Edit ${name}`,
  lead:
    "Connections keep their tokens. If you point an endpoint at another host, reconnect: " +
    "nothing stored for the old host is sent to the new one.",
  secretNote: "Leave blank to keep the stored secret.",
  dropSecret: "Delete stored secret",
  dropped: "The stored secret will be deleted.",
  keepSecret: "Undo",
  submit: "Save changes",
  saving: "Saving…",
};

/** Adding an app from a file or pasted text. */
export const importApp = {
  open: "Add app from a file or text…",
  title: "Add app from…",
  lead:
    "A Postman, Insomnia or Bruno export, an OpenAPI document, a .env file, a shared profile file, " +
    "a curl command or an authorization URL.",
  chooseFile: "Choose file…",
  paste: "Or paste text",
  pasteNote: "Secrets in it go to the vault once you add the app.",
  read: "Read text",
  reading: "Reading…",
  from: (format: string, file: string) => (file ? `${format}: ${file}` : format),
  again: "Choose another",
  format: {
    postman: "Postman file",
    insomnia: "Insomnia export",
    bruno: "Bruno file",
    "open-api": "OpenAPI document",
    dotenv: ".env file",
    "authorization-url": "Authorization URL",
    curl: "curl command",
    profile: "Profile file",
    "service-account": "Service account key",
  } satisfies Record<ImportFormat, string>,
  which: "App to add",
  understood: "What was understood",
  provider: (name: string) => `Provider: ${name}`,
  secret: "Secret, for the vault",
  notTaken: "Not imported",
  issuerNote: "If you enter the issuer, Grapnel finds the endpoints from its metadata.",
};

/** The form for a copy of an app. */
export const duplicateApp = {
  title: (name: string) => `Duplicate ${name}`,
  lead:
    "Everything is copied except connections, the client secret and the secret settings: " +
    "another environment usually has its own.",
};

export const profileFile = {
  hosts: "Requests go to these hosts:",
  use: "Use a profile file…",
  used: (name: string) => `Filled in from ${name}.`,
  save: "Share app…",
  saving: "Saving…",
  saved: (path: string) => `Saved to ${path}. It contains no secrets.`,
};

export const sourceWord: Record<ValueSource, string> = {
  documented: "documented",
  code: "from source code",
  assumed: "assumed",
  yours: "custom",
  discovery: "discovered",
  follows: "same host as the other endpoints",
};

/** The registration of an app's client at its provider. */
export const registration = {
  title: "Registered",
  expires: "Secret expires",
  read: "Check registration",
  update: "Update registration",
  renew: "Register anew",
  renewMenu: "Register anew…",
  renewTitle: (app: string) => `Register ${app} anew`,
  renewText: (provider: string, connections: number) =>
    `${provider} then knows it as another client, with a new client ID.` +
    (connections === 0
      ? ""
      : connections === 1
        ? " Its connection keeps its tokens, but has to be reconnected."
        : ` Its ${number(connections)} connections keep their tokens, but have to be reconnected.`),
  endsTitle: (isOver: boolean) => (isOver ? "The client secret has expired" : "The client secret expires soon"),
  endsText: (provider: string, isOver: boolean) =>
    isOver
      ? `${provider} refuses the app’s sign-ins and refreshes until it has a new one.`
      : `After that, ${provider} refuses the app’s sign-ins and refreshes.`,
  endsAsk: "Some providers issue a new secret when the registration is checked.",
  copyDocument: "Copy metadata document",
  copied: "Copied. Host it at the address that is the client ID.",
  asked: "The registration is as the app has it.",
  updated: "The registration was updated.",
  renewed: "Registered anew, as another client. Reconnect the app’s connections.",
  working: "Asking the provider…",
  differs: (app: string) => `${app}: registered differently`,
  notUpdated: (app: string) => `${app}: the registration was not updated`,
  stays: (app: string) => `${app}: the client stays registered`,
  change: (member: string, registered: string) => `${member}: ${registered || "none"}.`,
};

/** Running discovery again for an existing app. */
export const rediscovery = {
  action: "Discover again",
  looking: "Discovering…",
  title: "Issuer metadata",
  about: "Compares the app with what its issuer publishes now.",
  same: "The app matches the issuer’s metadata.",
  unset: "not set",
  apply: "Update app",
  applying: "Updating…",
  applied: "Updated.",
};

export const app = {
  at: (provider: string) => `${provider} app`,
  connect: "Connect",
  connectAnother: "Connect another account",
  connecting: "Starting…",
  change: "Edit",
  more: "More actions",
  duplicate: "Duplicate app",
  facts: "Registration",
  clientId: "Client ID",
  clientSecret: "Client secret",
  inVault: "In the vault",
  noSecret: "None",
  redirect: "Redirect URI",
  shared: "This app needs its own redirect URI",
  sharedText: (provider: string) =>
    `Other apps may use the same redirect URI, so another provider could send you to ${provider} and receive the ` +
    `response (mix-up attack, RFC 9700). Register this redirect URI with ${provider}, then switch the app to it. ` +
    `Connections keep their tokens.`,
  copyOwn: "Copy the app’s own redirect URI",
  useOwn: "Switch to this redirect URI",
  changing: "Switching…",
  redirectMethod: "Redirect method",
  scopes: "Scopes",
  changed: "Custom settings",
  discovered: "From discovery",
  hosts: "Requests go to",
  leftOut: (keys: string) => `Not sent because Grapnel sets it itself: ${keys}.`,
  nothing: "(empty)",
  otherWays: "Other ways to sign in",
  options: "Sign-in options",
  added: "Added",
  projects: "Preselected projects",
  connections: "Connections",
  noConnection: "Not connected.",
  removeAction: (connections: number) =>
    connections === 0 ? "Remove app" : `Remove app and ${count(connections, "connection", "connections")}`,
};

export const clientKey = {
  made:
    "Grapnel makes a key pair when you save. The private key stays in the vault. " +
    "Then register the public key at the provider: it is shown here when you edit the app.",
  imported: "The private key is stored in the vault; never shown again.",
  kept: "The private key is in the vault. Register the public key at the provider; it is a JSON Web Key Set (JWKS).",
  publicKey: "Public key",
  copyPublicKey: "Copy public key",
};

export const certificate = {
  made: "Grapnel makes a certificate when you save, and signs it itself. Its private key stays in the vault.",
  imported: "The private key is stored in the vault; never shown again.",
  kept: "Register the certificate at the provider: its subject, or its public key (JWKS).",
  subject: "Subject",
  validUntil: "Valid until",
  thumbprint: "Thumbprint",
  copyCertificate: "Copy certificate",
  copyKey: "Copy public key",
};
