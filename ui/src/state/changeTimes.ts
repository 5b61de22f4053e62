// When a connection or attempt changes its display without an event.

import type { Attempt, Summary } from "../host";

type Moments = { expires: number | null; retry: number | null };

/** Cached by object, so that only changed rows of 10,000 are computed again. */
const known = new WeakMap<Summary | Attempt, Moments>();

/** A retry that is nearer is counted down in seconds, in milliseconds. */
const NEAR = 60_000;

/** The next time after `now` at which it expires, is retried, or counts down a second; null if there is none. */
export function nextChangeOf(one: Summary | Attempt, now: number): number | null {
  let moments = known.get(one);
  if (!moments) {
    const parsed = (text: string | null) => (text ? Date.parse(text) : null);
    moments = { expires: parsed(one.expires_at), retry: "retry_at" in one ? parsed(one.retry_at) : null };
    known.set(one, moments);
  }
  const { expires, retry } = moments;
  let next = expires !== null && expires > now ? expires : null;
  if (retry !== null && retry > now) {
    const left = retry - now;
    const tick = left > NEAR ? retry - NEAR : retry - (Math.ceil(left / 1000) - 1) * 1000;
    if (next === null || tick < next) next = tick;
  }
  return next;
}
