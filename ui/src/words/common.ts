import type { Phase, State } from "../host";
import { another, spoken } from "./time";

/** A key with the one that commands are given with here. */
const key = (letter: string): string =>
  /Mac/.test(globalThis.navigator?.userAgent ?? "") ? `⌘ ${letter}` : `Ctrl ${letter}`;

export const common = {
  product: "Grapnel",
  opening: "Opening…",
  connections: "Connections",
  filter: "Filter",
  filterConnections: "Filter connections",
  key,
  filterKey: key("F"),
  commands: "Commands",
  commandsKey: key("K"),
  nothingMatches: (text: string) => `Nothing here contains “${text}”.`,
  addApp: "Add app",
  activity: "Activity",
  settings: "Settings",
  cancel: "Cancel",
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  dismiss: "Dismiss",
  tryAgain: "Try again",
  editApp: "Edit app",
  reload: "Reload",
  retrying: "Trying…",
  working: "One moment…",
  show: "Show",
  hide: "Hide",
  firstRun: "Grapnel holds on to your connections, and keeps their tokens fresh.",
  sandbox: "Sandbox",
  trySandbox: "Try it with the sandbox",
  startingSandbox: "Starting the sandbox…",
  addYourApp: "Add your app",
  whatHappened: "What happened",
  whatItMeans: "What it means",
  whatToDo: "What to do",
  cannotOpen: "Grapnel cannot open its data",
  vault: "The vault can’t be opened",
  vaultLocked: "The vault is locked",
  refused: "A sign-in came back that Grapnel did not accept",
  counted: (title: string, times: number): string => (times === 1 ? title : `${title} (${times} times, latest shown)`),
  notRead: "What is shown may be out of date",
  failed: (what: string) => `Failed: ${what}`,
  none: "None",
} as const;

export const stateWord: Record<State, string> = {
  active: "Active",
  expired: "Expired",
  renewing: "Renewing",
  retrying: "Retrying",
  reconnect_needed: "Reconnect needed",
  locked: "Locked",
  disconnected: "Disconnected",
};

/** What is left of an access token whose refresh failed; Infinity where it has no known end. */
const good = (left: number | null): string =>
  left === null
    ? ""
    : left === Infinity
      ? "Access token good until it is refused. "
      : `Access token valid for ${another(left)}. `;

export const stateSentence = {
  active: (left: number) => `Good for ${another(left)}, and renews by itself before that.`,
  activeOnce: (left: number) =>
    `Good for ${another(left)}. Reconnect when it stops working: there is no refresh token.`,
  activeForever: "No expiry given: good until it is refused.",
  activeForeverOnce: "No expiry given: good until it is refused. Reconnect when it stops working.",
  expired: "Renews when it is used.",
  expiredForGood: "There is no refresh token; sign in again to go on.",
  renewing: (provider: string) => `Asking ${provider} for a fresh token.`,
  retrying: (left: number | null, when: string | null) =>
    `${good(left)}The last refresh failed. Next try: ${when ?? "now"}.`,
  reconnect_needed: (left: number | null) =>
    left === null ? "Sign in again to go on." : `${good(left)}It cannot be refreshed: sign in again to go on.`,
  signInDue: (left: number) => `A new sign-in is needed in ${spoken(left)}: nothing refreshes the tokens beyond that.`,
  locked: "Unlock the vault to use it.",
  disconnected: "The tokens were deleted here.",
};

export const phaseWord: Record<Phase, string> = {
  waiting: "Waiting",
  exchanging: "Exchanging",
  identifying: "Identifying",
  done: "Connected",
  denied: "Denied",
  failed: "Failed",
  cancelled: "Cancelled",
  timed_out: "Timed out",
};

export const side = {
  left: (span: string) => `, ${span} left`,
  ago: (span: string) => `, ${span} ago`,
  signInDue: (span: string) => `, sign-in needed in ${span}`,
  again: (span: string) => ` in ${span}`,
  signIn: (phase: string) => `, sign-in: ${phase.toLowerCase()}`,
  notOpened: "Browser did not open",
  inBrowser: ", in the browser",
  notConnected: "Not connected yet",
};
