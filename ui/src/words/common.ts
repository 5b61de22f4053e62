import type { Phase, State } from "../host";
import { isMac } from "../state/system";
import { count, number } from "./number";
import { brief, spoken } from "./time";

/** A shortcut with the platform's command key. */
const key = (letter: string): string => (isMac() ? `⌘ ${letter}` : `Ctrl ${letter}`);

export const common = {
  product: "Grapnel",
  opening: "Opening…",
  connections: "Connections",
  filter: "Filter",
  filterConnections: "Filter connections",
  clearFilter: "Clear filter",
  key,
  filterKey: key("F"),
  commands: "Commands",
  commandsKey: key("K"),
  nothingMatches: (text: string) => `No matches for “${text}”`,
  addApp: "Add app",
  activity: "Activity",
  settings: "Settings",
  cancel: "Cancel",
  close: "Close",
  copy: "Copy",
  open: "Open",
  notOpened: "The page was not opened",
  copied: "Copied",
  dismiss: "Dismiss",
  tryAgain: "Try again",
  editApp: "Edit app",
  openSettings: "Open Settings",
  reconnect: "Reconnect",
  reload: "Reload",
  retrying: "Trying again…",
  working: "Working…",
  saving: "Saving…",
  show: "Show",
  hide: "Hide",
  joinTeam: "Join a team that invited you",
  firstRun: "Sign in once. Grapnel stores your OAuth tokens securely and keeps them fresh.",
  firstStepsTitle: "First steps",
  firstSteps: [
    { title: "Add an app", text: "The client that you registered with a provider, or one from the sandbox." },
    { title: "Sign in once", text: "In your browser. Grapnel receives the tokens and encrypts them." },
    { title: "Use the token", text: "Copy it, send requests with it, or run grapnel token in a script." },
  ],
  worksWith: (providers: string) => `Works with ${providers}, and with any other OAuth 2.0 or OpenID Connect provider.`,
  sandbox: "Sandbox",
  trySandbox: "Try the sandbox",
  startingSandbox: "Starting the sandbox…",
  sandboxRuns: "The sandbox is running",
  sandboxRunsText: "It simulates the built-in providers on this computer.",
  addSandboxApp: "Add sandbox app",
  addYourApp: "Add your own app",
  cannotOpen: "Can’t open Grapnel’s data",
  vault: "The vault can’t be opened",
  vaultLocked: "The vault is locked",
  refused: "Rejected an unexpected sign-in response",
  counted: (title: string, times: number): string => (times === 1 ? title : `${title} (${times} times, latest shown)`),
  notRead: "This list may be out of date",
  notSaved: "The change wasn’t saved",
  leaveTitle: "Leave this form",
  leaveText: "What you entered is not saved.",
  leave: "Leave",
  failed: (what: string) => `Failed: ${what}`,
  none: "None",
} as const;

export const stateWord: Record<State, string> = {
  active: "Active",
  expired: "Expired",
  renewing: "Refreshing",
  retrying: "Retrying",
  reconnect_needed: "Reconnect needed",
  locked: "Locked",
  disconnected: "Disconnected",
};

/** Remaining validity of an access token whose refresh failed; Infinity without a known expiry. */
const good = (left: number | null): string =>
  left === null
    ? ""
    : left === Infinity
      ? "Access token valid until the provider rejects it. "
      : `Access token valid for ${spoken(left)}. `;

/** Why the team of a shared connection keeps it from being refreshed. */
export type Hindrance = "unreachable" | "unusable";
const hindered: Record<Hindrance, string> = {
  unreachable: "Refreshes when the team’s database can be reached.",
  unusable: "Can’t be refreshed with the team.",
};

export const stateSentence = {
  active: (left: number) => `Expires in ${spoken(left)}. Refreshes automatically.`,
  activeHindered: (left: number, why: Hindrance) => `Expires in ${spoken(left)}. ${hindered[why]}`,
  expiredHindered: (why: Hindrance) => hindered[why],
  activeOnce: (left: number) => `Expires in ${spoken(left)}. No refresh token: reconnect when it expires.`,
  activeForever: "No expiry given. Valid until the provider rejects it.",
  activeForeverOnce: "No expiry given. Valid until the provider rejects it; then reconnect.",
  expired: "Refreshes on next use.",
  expiredForGood: "No refresh token. Reconnect to continue.",
  renewing: (provider: string) => `Requesting a new token from ${provider}…`,
  retrying: (left: number | null, cause: string | null, wait: number | null) =>
    `${good(left)}Refresh failed${cause ? ` (${cause})` : ""}, ` +
    `retrying ${wait === null ? "now" : `in ${brief(wait)}`}.`,
  /** `next` is the time of the next attempt; null if it is due. */
  attempts: (failed: number, last: string | null, next: string | null) =>
    `${count(failed, "attempt", "attempts")} failed${last ? `, last at ${last}` : ""}; ` +
    `next ${next ? `at ${next}` : "now"}.`,
  reconnect_needed: (left: number | null) =>
    left === null ? "Reconnect to continue." : `${good(left)}It can’t be refreshed: reconnect to continue.`,
  signInDue: (left: number) => `Reconnect within ${spoken(left)}. After that, the tokens can’t be refreshed.`,
  locked: "Unlock the vault to use this connection.",
  disconnected: "Tokens deleted from this computer.",
};

export const phaseWord: Record<Phase, string> = {
  waiting: "Waiting",
  exchanging: "Exchanging code",
  identifying: "Fetching account",
  done: "Connected",
  denied: "Denied",
  failed: "Failed",
  cancelled: "Cancelled",
  timed_out: "Timed out",
};

const noSandbox = "Sandbox not running";

export const side = {
  left: (span: string) => `, ${span} left`,
  ago: (span: string) => `, ${span} ago`,
  signInDue: (span: string) => `, reconnect within ${span}`,
  again: (span: string) => ` in ${span}`,
  signIn: (phase: string) => `, sign-in: ${phase.toLowerCase()}`,
  notOpened: "Browser didn’t open",
  inBrowser: ", in the browser",
  notConnected: "Not connected",
  /** The status at the end of a row, where there is no room for more than a word. */
  brief: {
    active: "Active",
    expired: "Expired",
    renewing: "Refreshing",
    retrying: "Retrying",
    reconnect_needed: "Reconnect",
    locked: "Locked",
    disconnected: "Disconnected",
  } satisfies Record<State, string>,
  briefDue: (span: string) => `Due in ${span}`,
  briefRetry: (span: string) => `Retry ${span}`,
  briefNotOpened: "No browser",
  /** A sign-in that waits for a decision, since it was for another account. */
  otherAccount: "Other account",
  briefPhase: {
    waiting: "Waiting",
    exchanging: "Signing in",
    identifying: "Signing in",
    done: "Connected",
    denied: "Denied",
    failed: "Failed",
    cancelled: "Cancelled",
    timed_out: "Timed out",
  } satisfies Record<Phase, string>,
  /** What the list shows and how: the menu beside the filter. */
  options: "List options",
  show: "Show",
  groupBy: "Group by",
  category: {
    all: "All",
    attention: "Needs attention",
    active: "Active",
    retrying: "Retrying",
    no_sandbox: noSandbox,
    expired: "Expired",
    locked: "Locked",
    disconnected: "Disconnected",
    signing_in: "Signing in",
    not_connected: "Not connected",
  },
  counted: (what: string, n: number) => `${what} ${number(n)}`,
  nothingIn: (what: string) => `Nothing under “${what}”`,
  noMatchesIn: (text: string, what: string) => `No matches for “${text}” under “${what}”`,
  noSandbox,
  briefNoSandbox: "No sandbox",
  grouping: { provider: "Provider", environment: "Environment", label: "Label" },
  pinned: "Pinned",
  sortByName: "Sort by name",
  moved: (name: string, place: number, of: number) => `${name}: ${number(place)} of ${number(of)}`,
  notArranged: "The order wasn’t saved",
  width: "Width of the list",
  /** Connections and apps without an environment. */
  other: "Other",
};
