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
const scopeThing: Record<string, string> = {
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

/** `cms:post:read` as `Read posts`; nothing where the scope is not known. */
export function scopeWords(scope: string): string | null {
  const cut = scope.lastIndexOf(":");
  const verb = scopeVerb[scope.slice(cut + 1)];
  const thing = scopeThing[scope.slice(0, cut)];
  return cut > 0 && verb && thing ? `${verb} ${thing}` : null;
}

/** What an account is called; nothing where that is only a part of its id, such as the address of a wallet. */
export const named = ({ id, name }: { id: string; name: string }): string => (id.endsWith(name) ? "" : name);

/** `9f3c21ab` as `9f3c 21ab`. */
export const fingerprint = (hex: string): string => hex.replace(/(.{4})(?=.)/g, "$1 ");

export const connection = {
  through: (app: string) => `through the app ${app}`,
  throughAlone: (app: string) => `Through the app ${app}`,
  copyToken: "Copy token",
  tokenCopied: "Copied. The clipboard is cleared in 45 seconds.",
  refresh: "Refresh now",
  refreshing: "Refreshing…",
  more: "More actions",
  connectAgain: "Connect again",
  reconnect: "Reconnect in the browser",
  disconnect: "Disconnect…",
  forget: "Remove from list…",
  appPage: "Show the app",
  disconnectTitle: (name: string) => `Disconnect ${name}`,
  disconnectText: (provider: string) =>
    `Its tokens are deleted from this computer. The permission itself still stands at ${provider}; take it back there:`,
  revokeText: (provider: string) =>
    `Grapnel asks ${provider} to take the permission back, and deletes the tokens from this computer.`,
  revoked: {
    done: (provider: string) => `${provider} took the permission back.`,
    not_offered: () => "",
    pending: (provider: string) =>
      `${provider} could not be reached to take the permission back. Grapnel asks again for three days.`,
    failed: (provider: string) => `${provider} did not take the permission back: it may still stand there.`,
  },
  disconnectAction: "Disconnect",
  forgetTitle: (name: string) => `Remove ${name} from the list`,
  forgetText: "Its history goes with it. No token is held any more.",
  forgetAction: "Remove from list",
  views: "Views",
  overview: "Overview",
  token: "Token",
  browse: "Browse",
  activity: "Activity",
  issued: "Issued",
  now: "Now",
  expires: "Expires",
  expired: "Expired",
  renewing: "Renewing",
  agoSpan: (span: string) => `${span} ago`,
  noEnd: "No expiry given",
  untilRefused: "good until it is refused",
  lifeName: {
    active: (issued: string, now: string, renews: string | null, expires: string) =>
      `Issued at ${issued}, now ${now}, ${renews ? `renews by itself at ${renews}, ` : ""}expires at ${expires}`,
    expired: (issued: string, now: string, expires: string) => `Issued at ${issued}, expired at ${expires}, now ${now}`,
    noEnd: (issued: string, now: string) =>
      `Issued at ${issued}, now ${now}, no expiry given: good until it is refused`,
  },
  accessToken: "Access token",
  refreshToken: "Refresh token",
  fingerprint: "fingerprint",
  noRefresh: "There is no refresh token: reconnect when it stops working.",
  renewed: (times: number) =>
    times === 0 ? "Not renewed yet." : times === 1 ? "Renewed once." : `Renewed ${number(times)} times.`,
  may: "What it may do",
  scopeCount: (granted: number, missing: number) =>
    missing ? `${granted} granted, ${missing} missing` : `${granted} granted`,
  scopeAsked: (asked: number, granted: number, missing: number, extra: number) =>
    [
      `${asked} asked`,
      (granted > 0 || missing > 0) && `${granted} granted`,
      missing && `${missing} missing`,
      extra && `${extra} extra`,
    ]
      .filter(Boolean)
      .join(", "),
  granted: "granted",
  notGranted: "not granted",
  asked: "asked, no answer",
  claims: "Access token claims",
  idClaims: "ID token claims",
  jwtHeader: "Header",
  unverifiedBecause: (why: string) => `Not verified: ${why}.`,
  anotherAccount: "Sign in as another account",
  tokenActive: (active: boolean) => (active ? "Access token active" : "Access token not active"),
  verified: "verified",
  verifiedNote: "The signature is the provider’s own.",
  notVerified: "not verified",
  notVerifiedNote: "Read here; its signature was not checked.",
  notAsked: "granted, not asked",
  noScopes: (provider: string) => `${provider} named no scopes.`,
  where: "Where",
  projectCount: (n: number) => count(n, "project", "projects"),
  noProjects: "No project was authorized.",
  allProjects: "All projects",
  noDomain: "no domain yet",
  lookUp: "Look up their names",
  askingProjects: (provider: string) => `Asking ${provider} for the projects…`,
  lastActivity: "Last activity",
  allActivity: "All activity",
  noActivity: "Nothing happened yet.",
  who: "Who authorized it",
  account: "Account",
  application: "Application",
  homepage: "homepage",
  authorization: "Authorization",
  connected: "Connected",
  lookedUp: "Looked up",
  givenOn: "given",
  by: "by",
  browser: "Browser",
  browserUsual: "as in Settings",
  browserNote:
    "Opens the sign-in page and posts of this connection; the address comes last. Empty: the one in Settings.",
  browserKeep: "Keep",
  unknownAccount: (provider: string) => `${provider} has not said who authorized it.`,
  nothingNoted: (provider: string) => `${of(provider)} last reply kept to the standard.`,
  renews: "Renews",
  askAgain: "Ask for what is missing",
  noted: (provider: string) => `Noted in ${of(provider)} reply`,
  loading: "Loading the connection…",
};

export const activity = {
  title: "Activity",
  lead: "What happened to your apps and connections. No secrets are kept in it.",
  empty: "Nothing happened yet.",
  search: "Search",
  repeated: (times: number, last: string) => `${count(times, "time", "times")}, last ${last}.`,
  loading: "Loading the activity…",
  more: (n: number) => `Show ${count(n, "earlier line", "earlier lines")}`,
};
