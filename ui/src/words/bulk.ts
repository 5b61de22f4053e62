import type { Summary } from "../host";
import { isMac } from "../state/system";
import { count, list, number } from "./number";

/** Actions for several connections. */
export const bulk = {
  selected: (n: number) => `${count(n, "connection", "connections")} selected`,
  lead: `${isMac() ? "⌘" : "Ctrl"} or Shift and click, or Shift and arrow keys, select more. Esc ends the selection.`,
  selectAll: "Select all",
  clear: "Clear selection",
  open: (name: string) => `Open ${name}`,
  refresh: "Refresh",
  reconnect: "Reconnect",
  disconnect: "Disconnect…",
  remove: "Remove",
  stop: "Stop",
  stopping: "Stopping…",
  disconnectTitle: (n: number) => `Disconnect ${count(n, "connection", "connections")}`,
  /** `shared`: how many of them are shared with a team. */
  disconnectText: (n: number, shared: number) => {
    const all =
      n === 1
        ? "Deletes its tokens from this computer, and revokes access where the provider offers that."
        : "Deletes their tokens from this computer, and revokes access where the providers offer that.";
    if (shared === 0) return all;
    const those =
      n === 1 ? "It is" : shared === n ? "All are" : `${number(shared)} of them ${shared === 1 ? "is" : "are"}`;
    return `${those} shared: what is shared ends for the whole team, on all its computers. ${all}`;
  },
  disconnectAction: "Disconnect",
  progress: {
    refresh: (done: number, all: number) => `${number(done)} of ${number(all)} refreshed…`,
    reconnect: (done: number, all: number) => `${number(done)} of ${number(all)} reconnected…`,
    disconnect: (done: number, all: number) => `${number(done)} of ${number(all)} disconnected…`,
  },
  /** `12 done, 3 skipped, 1 failed.` */
  finished: (counts: { [phase in "done" | "skipped" | "failed" | "stopped"]: number }) =>
    `${(["done", "skipped", "failed", "stopped"] as const)
      .filter((phase) => counts[phase] > 0)
      .map((phase) => `${number(counts[phase])} ${phase}`)
      .join(", ")}.`,
  running: { refresh: "Refreshing…", reconnect: "Signing in…", disconnect: "Disconnecting…" },
  /** Why an action was skipped for a connection; without one, it was removed. */
  skipped: (now?: Summary): string => {
    if (now === undefined) return "Skipped: it was removed.";
    if (now.state === "locked") return "Skipped: the vault is locked.";
    if (now.state === "disconnected") return "Skipped: it is disconnected.";
    if (now.state === "reconnect_needed") return "Skipped: it needs a reconnect.";
    return "Skipped: it has no refresh token.";
  },
  notBegun: "Stopped before it began.",
  refreshed: "Refreshed.",
  reconnected: "Reconnected.",
  disconnected: "Disconnected.",
  isBusy: "Another action of this connection is running.",
  notStarted: "The sign-in didn’t start.",
  otherAccount: "Another account signed in. Decide on its page, then go on.",
  signingIn: (name: string) => `Sign-in of ${name}`,
  signingInText: (done: number, all: number) =>
    `${number(done)} of ${number(all)} done. The next one follows by itself.`,
} as const;

/** Removing with undo. */
export const removal = {
  undo: "Undo",
  now: "Remove now",
  client: "Delete its client at the provider, too",
  app: (name: string, n: number) =>
    n === 0
      ? `Removing ${name}`
      : `Removing ${name} and ${n === 1 ? "its connection" : `its ${number(n)} connections`}`,
  connections: (names: string[]) =>
    names.length <= 3 ? `Removing ${list(names)}` : `Removing ${count(names.length, "connection", "connections")}`,
  within: (seconds: number) => `It begins in ${number(seconds)}\u00a0s.`,
  paused: "Paused while you are here.",
  /** What the removal does to tokens. */
  tokens: "Then the tokens are deleted here, and revoked where the provider offers that.",
  noTokens: "Then the history is deleted too.",
  shared: (teams: string[]) =>
    `What is shared with ${list(teams)} is removed from this computer only: the team keeps it, and nothing of it is ` +
    "revoked.",
  quit: "If you quit Grapnel first, nothing is removed.",
  removing: (done: number, all: number) => `${number(done)} of ${number(all)} removed…`,
  working: "Removing…",
  announced: (what: string, seconds: number) => `${what}. You can undo this for ${number(seconds)} seconds.`,
  undone: "Nothing was removed.",
  kept: (names: string[]) => `Not removed: ${names.length <= 3 ? list(names) : number(names.length)}`,
  revocation: "Some tokens were not revoked",
};
