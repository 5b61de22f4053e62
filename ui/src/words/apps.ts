import type { ValueSource } from "../state/sheet.svelte";
import { count, number, of } from "./number";

export const addApp = {
  title: "Add app",
  lead: "An app is the OAuth client you registered with the provider.",
  sandboxNote: "These are the sandbox’s values. Nothing leaves this computer.",
  provider: "Provider",
  redirect: "Redirect URI to register",
  redirectHow: (provider: string) =>
    `Register this exact redirect URI with ${provider} before you connect. If ${provider} rejects it, choose another redirect method below.`,
  redirectPlain: "Redirect URI",
  redirectMaybe: "If the provider asks for a redirect URI, use this one exactly.",
  redirectBelow: "It is the https address that you enter below.",
  anyPort: "With any port: Grapnel takes a free one at each sign-in. A provider that compares ports needs a fixed one.",
  wayBack: "Way back",
  tryDeepLink: "Try whether it comes back",
  tryingDeepLink: "Trying…",
  deepLinkCame: "It came back.",
  port: "Port",
  portNote: "Empty: any free one.",
  loopbackUri: "Redirect URI that is registered already",
  loopbackUriNote:
    "For a provider that takes only another one: http://localhost, http://127.0.0.1 or http://[::1], with any port and path.",
  redirectAddress: "Your https address",
  registered: "How it is registered",
  scopes: "Scopes",
  scopesNote: "Separated by spaces or commas.",
  conventions: "Conventions",
  conventionsNote: "How Grapnel talks to this provider. Each value shows its source.",
  lookUp: "Look up",
  lookingUp: "Looking…",
  lookedUp: (n: number) => `${count(n, "value", "values")} came from the issuer.`,
  useIssuer: (issuer: string) => `Use ${issuer}`,
  scopesAnnounced: (n: number) => `${count(n, "scope", "scopes")} announced by the issuer`,
  scopesChoose: "Scopes to request",
  stateWarning:
    "Without a state, a forged callback could sign you in as somebody else. Switch it off only where the provider never sends it back.",
  more: "Another value",
  moreNote:
    "Its key: authorize.NAME, token.NAME or refresh.NAME for an extra parameter of that request, token.header.NAME for a header, or any other key of a profile.",
  extraNote: "Empty: not sent, not even where Grapnel would by default.",
  valueHeld: "In the vault. Empty: it stays.",
  valueGone: "The value in the vault will be removed.",
  removeValue: (key: string) => `Remove ${key} from the vault`,
  remove: "Remove",
  keep: "Keep",
  keepValue: (key: string) => `Keep ${key}`,
  addValue: "Add value",
  valueNote: {
    issuer: "Look it up, and the addresses fill in by themselves.",
    email: "Fills in the sign-in page for you.",
    user_uid: "With it, Grapnel can tell whose tokens these are, and list the organizations.",
    org: "Its id goes with calls that are for one organization.",
  } as Record<string, string | undefined>,
  redirectSandbox: "Registered with the sandbox’s app already.",
  portal: (provider: string) => `${of(provider)} page for apps and permissions`,
  copyRedirect: "Copy redirect URI",
  copyPortal: "Copy portal address",
  name: "Name",
  nameNote: "What it is called here. Without one, it takes the provider’s name.",
  clientId: "Client id",
  clientSecret: "Client secret",
  secretNote: "It goes to the vault at once, and is never shown again.",
  showSecret: "Show client secret",
  hideSecret: "Hide client secret",
  projects: "Projects to select beforehand",
  projectsNote: "Project ids, separated by commas or lines. The consent page ticks them for you.",
  optional: "optional",
  addresses: "Addresses",
  addressesChanged: (changed: number) => `${changed} changed`,
  addressesNote: "Where Grapnel sends requests. Change one only where your installation differs.",
  emptied: (standard: string) => `Empty: the default is used, ${standard}.`,
  reset: "Reset to default",
  resetOf: (what: string) => `Reset to default: ${what}`,
  submit: "Add app",
  adding: "Adding…",
  missing: "This field is required.",
  address: "Enter an https:// address.",
  redirectMissing: "Enter the https:// address that is registered at the provider.",
  portWrong: "Enter a port from 1024 to 65535, or leave it blank.",
};

/** The same form, for an app that is there. */
export const changeApp = {
  title: (name: string) => `Change ${name}`,
  lead: "Connections keep their tokens. Where an address moves to another host, they need a new sign-in: nothing that was saved for the old host is sent to the new one.",
  secretNote: "Empty: the one in the vault stays.",
  dropSecret: "Remove the one in the vault",
  dropped: "The one in the vault will be removed.",
  keepSecret: "Keep it",
  submit: "Save changes",
  saving: "Saving…",
};

export const profileFile = {
  hosts: "Requests go to these hosts:",
  use: "Use a profile file…",
  used: (name: string) => `Filled in from ${name}.`,
  save: "Save as profile file",
  saving: "Saving…",
  saved: (path: string) => `Saved as ${path}. It contains no secrets.`,
};

export const sourceWord: Record<ValueSource, string> = {
  documented: "documented",
  code: "provider code",
  assumed: "assumed",
  yours: "yours",
  discovery: "from discovery",
  follows: "follows the other addresses",
};

/** Asking an app's issuer again. */
export const lookAgain = {
  action: "Look up again",
  looking: "Looking…",
  title: "Announced by the issuer",
  same: "The app has every value that its issuer announces.",
  unset: "not set",
  apply: "Change the app",
  applying: "Changing…",
  applied: "Changed.",
};

export const app = {
  at: (provider: string) => `App at ${provider}`,
  connect: "Connect in the browser",
  connecting: "Starting…",
  change: "Change…",
  remove: "Remove app…",
  facts: "Registered as",
  clientId: "Client id",
  clientSecret: "Client secret",
  inVault: "In the vault",
  noSecret: "None",
  redirect: "Redirect URI",
  shared: "This app needs a redirect URI of its own",
  sharedText: (provider: string) =>
    `Other apps may have the same redirect URI. One provider could then send you to ${provider} in its place and receive the answer (RFC 9700). Register this redirect URI with ${provider}, then change the app to it. Connections keep their tokens.`,
  useOwn: "Change to this redirect URI",
  changing: "Changing…",
  wayBack: "Way back",
  scopes: "Scopes",
  changed: "Changed values",
  discovered: "From discovery",
  hosts: "Requests go to",
  leftOut: (keys: string) => `Not sent, because Grapnel sets it itself: ${keys}.`,
  nothing: "(nothing)",
  otherWays: "Other ways to sign in",
  added: "Added",
  projects: "Selected beforehand",
  connections: "Connections",
  noConnection: "Not connected yet.",
  removeTitle: (name: string) => `Remove ${name}`,
  removeText:
    "The app, its client secret and its settings are deleted from this computer. It stays registered at the provider.",
  removeConnections: (n: number) =>
    n === 1
      ? "Its connection is disconnected and removed as well, with its history."
      : `Its ${number(n)} connections are disconnected and removed as well, with their history.`,
  revoke: (provider: string) => `Grapnel asks ${provider} to revoke their tokens.`,
  noRevoke: (provider: string) =>
    `${provider} offers no revocation: Grapnel deletes the tokens here, and access stays in force there until you revoke it.`,
  removeAction: (connections: number) =>
    connections === 0 ? "Remove app" : `Remove app and ${count(connections, "connection", "connections")}`,
  removing: (done: number, all: number) => `${number(done)} of ${count(all, "connection", "connections")} removed…`,
  removed: (connections: number) => `The app and ${count(connections, "connection", "connections")} were removed`,
};
