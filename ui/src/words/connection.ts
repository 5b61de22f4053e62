import { count, number, of } from "./number";

const scopeVerb: Record<string, string> = {
  read: "Read",
  write: "Write",
  create: "Create",
  update: "Change",
  edit: "Change",
  delete: "Delete",
  publish: "Publish",
  list: "List",
  manage: "Manage",
};
const scopeObject: Record<string, string> = {
  "cms:post": "posts",
  "cms:category": "categories",
  "cms:author": "authors",
  "cms:media": "media",
  "directory:items": "directory items",
  "directory:item": "directory items",
  "project:details": "project settings",
  "project:list": "the list of projects",
  project: "projects",
  "user:profile": "your profile",
};

/** `cms:post:read` as `Read posts`; null for an unknown scope. */
export function scopeWords(scope: string): string | null {
  const cut = scope.lastIndexOf(":");
  const verb = scopeVerb[scope.slice(cut + 1)];
  const thing = scopeObject[scope.slice(0, cut)];
  return cut > 0 && verb && thing ? `${verb} ${thing}` : null;
}

/** An account's name, or "" if the name is only a part of its ID, such as a wallet address. */
export const named = ({ id, name }: { id: string; name: string }): string => (id.endsWith(name) ? "" : name);

/** `9f3c21ab` as `9f3c 21ab`, in one piece. */
export const fingerprint = (hex: string): string => hex.replace(/(.{4})(?=.)/g, "$1\u00a0");

export const connection = {
  through: (app: string) => `via ${app}`,
  throughAlone: (app: string) => `Via ${app}`,
  connectedAs: (account: string, provider: string) =>
    account ? `Connected as ${account}.` : `Connected to ${provider}.`,
  keptFresh: "The tokens are encrypted in the vault and refreshed automatically.",
  theApp: "the app itself",
  keptAnew: "The token is encrypted in the vault. Grapnel requests a new one before it expires.",
  keptOnce: "The token is encrypted in the vault. There is no refresh token: reconnect when it is no longer valid.",
  copyToken: "Copy token",
  tokenCopied: "Copied. The clipboard is cleared in 45 seconds.",
  refresh: "Refresh now",
  refreshed: "Refreshed.",
  refreshing: "Refreshing…",
  more: "More actions",
  reconnect: "Reconnect",
  signOut: (provider: string) => `Sign out at ${provider}`,
  signOutOpened: (provider: string) => `Sign out of ${provider} on the page in the browser.`,
  disconnect: "Disconnect…",
  forget: "Remove",
  appPage: "Go to app",
  edit: "Edit details…",
  editTitle: (name: string) => `Edit ${name}`,
  name: "Name",
  nameNote: "Scripts address the connection by its name.",
  label: "Label",
  labelNote: "Such as a customer. The list on the left can be grouped by it.",
  note: "Note",
  noteNote: "For you only. Stored on this computer, unencrypted.",
  save: "Save",
  pin: "Pin to top",
  unpin: "Unpin",
  moveUp: "Move up",
  moveDown: "Move down",
  disconnectTitle: (name: string) => `Disconnect ${name}`,
  disconnectText: (provider: string, hasPage: boolean) =>
    `Deletes the tokens from this computer. Access stays valid at ${provider} until ` +
    (hasPage ? "you revoke it there:" : "it expires or you revoke it there."),
  revokeText: (provider: string) => `Revokes access at ${provider} and deletes the tokens from this computer.`,
  revoked: {
    done: (provider: string) => `Access revoked at ${provider}.`,
    not_offered: () => "",
    pending: (provider: string) => `Couldn’t reach ${provider} to revoke access. Grapnel keeps trying for three days.`,
    failed: (provider: string) => `${provider} didn’t revoke access; it may still be active.`,
  },
  disconnectAction: "Disconnect",
  views: "Views",
  overview: "Overview",
  token: "Token",
  browse: "Browse",
  requests: "Requests",
  activity: "Activity",
  issued: "Issued",
  now: "Now",
  expires: "Expires",
  expired: "Expired",
  renewing: "Refreshing",
  agoSpan: (span: string) => `${span} ago`,
  noEnd: "No expiry given",
  untilRejected: "valid until the provider rejects it",
  timelineName: {
    active: (issued: string, now: string, renews: string | null, expires: string) =>
      `Issued at ${issued}, now ${now}, ${renews ? `refreshes automatically at ${renews}, ` : ""}expires at ${expires}`,
    expired: (issued: string, now: string, expires: string) => `Issued at ${issued}, expired at ${expires}, now ${now}`,
    noEnd: (issued: string, now: string) =>
      `Issued at ${issued}, now ${now}, no expiry given: valid until the provider rejects it`,
  },
  accessToken: "Access token",
  refreshToken: "Refresh token",
  fingerprint: "fingerprint",
  noSandbox: "Nothing refreshes it until the sandbox runs.",
  noRefresh: "No refresh token.",
  renewed: (times: number) =>
    times === 0 ? "Not refreshed yet." : times === 1 ? "Refreshed once." : `Refreshed ${number(times)} times.`,
  scopes: "Scopes",
  details: "Authorization details",
  detailsCompared: {
    different: "They differ from those that were requested.",
    not_reported: "These were requested. The provider did not say what it granted.",
  },
  scopeCount: (granted: number, missing: number) =>
    missing ? `${granted} granted, ${missing} missing` : `${granted} granted`,
  scopeAsked: (asked: number, granted: number, missing: number, extra: number) =>
    [
      `${asked} requested`,
      (granted > 0 || missing > 0) && `${granted} granted`,
      missing && `${missing} missing`,
      extra && `${extra} extra`,
    ]
      .filter(Boolean)
      .join(", "),
  granted: "granted",
  notGranted: "not granted",
  wasGranted: "granted before",
  provenBy: {
    openid: "granted: an ID token was issued",
    offline_access: "granted: a refresh token was issued",
  } as Record<string, string | undefined>,
  requested: "requested, not confirmed",
  anotherAccount: "Sign in as another account",
  reconnectWith: "Reconnect with options…",
  tokenActive: (active: boolean) =>
    active ? "Access token active when last checked" : "Access token not active when last checked",
  notRequested: "granted, not requested",
  noScopes: (provider: string) => `${provider} returned no scopes.`,
  projects: "Projects",
  projectCount: (n: number) => count(n, "project", "projects"),
  noProjects: "No projects authorized.",
  allProjects: "All projects",
  noDomain: "no domain yet",
  loadNames: "Load names",
  askingProjects: (provider: string) => `Loading projects from ${provider}…`,
  lastActivity: "Recent activity",
  allActivity: "All activity",
  noActivity: "No activity yet.",
  noOtherActivity: "No other activity.",
  who: "Account",
  account: "Signed in as",
  application: "Application",
  identifier: "ID",
  homepage: "homepage",
  authorization: "Authorization",
  connected: "Connected",
  lastChecked: "Last checked",
  grantedOn: "granted",
  by: "by",
  browser: "Browser",
  browserUsual: "default",
  browserNote:
    "Command that opens the sign-in page and posts of this connection; the URL is appended. " +
    "Leave blank to use the default.",
  browserSave: "Save",
  unknownAccount: (provider: string) => `${provider} didn’t return account details.`,
  nothingNoted: (provider: string) => `${of(provider)} last response conformed to the OAuth spec.`,
  refreshes: "Refreshes",
  requestMissing: "Request missing scopes",
  noted: (provider: string) => `Nonstandard fields in ${of(provider)} last response`,
  loading: "Loading connection…",
};

export const activity = {
  title: "Activity",
  lead: "Everything that happened to your apps and connections. Contains no secrets.",
  empty: "No activity yet.",
  search: "Search",
  groups: {
    all: "All events",
    signIn: "Sign-ins and disconnects",
    refresh: "Refreshes",
    token: "Tokens used",
    apps: "Apps and settings",
    team: "Teams",
  },
  kind: "Events",
  problems: "Problems",
  noneSuch: "No such activity.",
  export: "Export…",
  exportedTo: (path: string) => `Exported to ${path}`,
  showExchange: "Show exchange",
  repeated: (times: number, last: string) => `${count(times, "time", "times")}, last ${last}.`,
  started: (at: string) => `Started ${at}.`,
  loading: "Loading activity…",
  more: (n: number) => `Show ${count(n, "earlier event", "earlier events")}`,
};
