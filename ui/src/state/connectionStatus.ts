// A connection's displayed status: the state reported by the core, adjusted by the clock.

import type { Details, TokenMetadata, State, Summary } from "../host";
import { appStore } from "./appStore.svelte";
import { isOfApp } from "./profile";
import { connection as words, named, side, stateSentence, stateWord, time, type Hindrance } from "../words";

/** An active connection past its expiry counts as expired before the core reports it. */
export function connectionState(summary: Summary, now: Date): State {
  const over = summary.expires_at !== null && time.until(summary.expires_at, now) <= 0;
  return summary.state === "active" && over ? "expired" : summary.state;
}

/** The account of a connection: name and email, or either; empty if unknown. */
export function accountName(details: Details | undefined): string {
  const account = details?.account;
  if (isOfClient(details?.tokens ?? null)) return words.theApp;
  return account ? [named(account), account.email].filter(Boolean).join(", ") : "";
}

/** Whether the token is the app's own, so that a new one is requested without a person. */
export const isOfClient = (held: TokenMetadata | null): boolean => isOfApp(held?.grant_type);

/** Whether only a new sign-in gives another token. */
export const isOnce = (held: TokenMetadata | null): boolean =>
  held !== null && held.refresh === null && !isOfClient(held);

/** Whether new tokens can be requested without a person, also before the details are loaded. */
export const canRefresh = (summary: Summary, details: Details | undefined): boolean =>
  details ? !isOnce(details.tokens) : summary.can_refresh;

/** Whether the access token can be copied: also one that is still valid but can no longer be refreshed. */
export function canCopyToken(summary: Summary, details: Details | undefined, now: Date): boolean {
  const state = connectionState(summary, now);
  if (state === "reconnect_needed") return isAccessTokenValid(summary, details?.tokens ?? null, now);
  return !["disconnected", "locked"].includes(state);
}

/** Whether the access token is not known to have expired. */
export const isAccessTokenValid = (summary: Summary, held: TokenMetadata | null, now: Date): boolean =>
  held !== null && (summary.expires_at === null || time.until(summary.expires_at, now) > 0);

/** Whether only a running sandbox would give it new tokens. */
export const waitsForSandbox = (summary: Summary, now: Date): boolean =>
  summary.can_refresh &&
  ["active", "expired", "renewing", "retrying"].includes(connectionState(summary, now)) &&
  appStore.needsSandbox(summary.app_id);

/** How lists show a connection: `word` with `rest` after it, or, in a compact row, `brief`. */
export function listedStatus(summary: Summary, now: Date) {
  if (waitsForSandbox(summary, now))
    return { ...glyphs.retrying, word: side.noSandbox, rest: "", brief: side.briefNoSandbox };
  const state = connectionState(summary, now);
  return {
    ...glyphs[state],
    word: stateWord[state],
    rest: statusDetail(summary, now),
    brief: briefStatus(summary, now),
  };
}

/** The text after the status label in a list: `, 43 min left`. */
function statusDetail(summary: Summary, now: Date): string {
  const state = connectionState(summary, now);
  if (state === "retrying")
    return waits(summary, now) ? side.again(time.brief(time.until(summary.retry_at!, now))) : "";
  if (summary.sign_in_due !== null && (state === "active" || state === "expired"))
    return side.signInDue(time.span(time.until(summary.sign_in_due, now)));
  if (summary.expires_at === null) return "";
  if (state === "active") return side.left(time.span(time.until(summary.expires_at, now)));
  return state === "expired" ? side.ago(time.span(-time.until(summary.expires_at, now))) : "";
}

/** The end of a compact row: `43 min` if active, or else a word. */
function briefStatus(summary: Summary, now: Date): string {
  const state = connectionState(summary, now);
  if (state === "retrying" && waits(summary, now))
    return side.briefRetry(time.brief(time.until(summary.retry_at!, now)));
  if (summary.sign_in_due !== null && (state === "active" || state === "expired"))
    return side.briefDue(time.span(time.until(summary.sign_in_due, now)));
  if (state === "active" && summary.expires_at !== null) return time.span(time.until(summary.expires_at, now));
  return side.brief[state];
}

/** The sentence after the status label in a header. */
export function statusSentence(summary: Summary, details: Details | undefined, now: Date): string {
  const state = connectionState(summary, now);
  const due =
    summary.sign_in_due !== null && ["active", "expired", "retrying"].includes(state)
      ? ` ${stateSentence.signInDue(time.until(summary.sign_in_due, now))}`
      : "";
  return stated(state, summary, details, now) + due;
}

/** What of its team keeps a shared connection from being refreshed. */
function hindranceOf(details: Details | undefined): Hindrance | null {
  const { conflict, unreachable } = details?.shared ?? {};
  if (isOfTeam(conflict?.code) || isOfTeam(unreachable?.error.code)) return "unusable";
  return unreachable ? "unreachable" : null;
}

/** When it is to be refreshed; null if it is not, or if its team or a stopped sandbox keeps it from that. */
export const refreshesAt = (details: Details): string | null =>
  hindranceOf(details) || appStore.needsSandbox(details.summary.app_id) ? null : details.renews_at;

/** Whether the team's database answers and the team cannot be used: removed from it, rolled back, or forged. */
export const isOfTeam = (code: string | undefined): boolean =>
  code === "team_refused" || code === "team_rolled_back" || code === "team_forged";

function stated(state: State, summary: Summary, details: Details | undefined, now: Date): string {
  const held = details?.tokens ?? null;
  const hindrance = hindranceOf(details);
  const left = isAccessTokenValid(summary, held, now)
    ? summary.expires_at
      ? time.until(summary.expires_at, now)
      : Infinity
    : null;
  if (state === "active") {
    const once = isOnce(held);
    if (!summary.expires_at) return once ? stateSentence.activeForeverOnce : stateSentence.activeForever;
    const until = time.until(summary.expires_at, now);
    if (once) return stateSentence.activeOnce(until);
    return hindrance ? stateSentence.activeHindered(until, hindrance) : stateSentence.active(until);
  }
  if (state === "expired" && hindrance) return stateSentence.expiredHindered(hindrance);
  if (state === "expired") return isOnce(held) ? stateSentence.expiredForGood : stateSentence.expired;
  if (state === "renewing") return stateSentence.renewing(summary.provider_name);
  if (state === "retrying")
    return stateSentence.retrying(
      left,
      details?.failed_refreshes?.cause ?? null,
      waits(summary, now) ? time.until(summary.retry_at!, now) : null,
    );
  if (state === "reconnect_needed") return stateSentence.reconnect_needed(left);
  return stateSentence[state];
}

/** The failed refreshes of a connection that is being retried: how many, the last and the next; else an empty text. */
export function failedAttempts(summary: Summary, details: Details, now: Date): string {
  const failed = details.failed_refreshes;
  if (!failed || connectionState(summary, now) !== "retrying") return "";
  return stateSentence.attempts(
    failed.count,
    failed.last_at && time.precise(failed.last_at, now),
    waits(summary, now) ? time.precise(summary.retry_at!, now) : null,
  );
}

/** Whether the next attempt is in the future. */
const waits = (summary: Summary, now: Date): boolean =>
  summary.retry_at !== null && time.until(summary.retry_at, now) > 0;

const glyphs: Record<State, { icon: string; tone: string }> = {
  active: { icon: "s-active", tone: "is-active" },
  expired: { icon: "s-expired", tone: "is-expired" },
  renewing: { icon: "s-renewing", tone: "is-renewing" },
  retrying: { icon: "s-retrying", tone: "is-retrying" },
  reconnect_needed: { icon: "s-reconnect", tone: "is-reconnect" },
  locked: { icon: "s-locked", tone: "is-locked" },
  disconnected: { icon: "s-disconnected", tone: "is-disconnected" },
};
