// When a connection or attempt changes its display without an event.

import type { Attempt, Summary } from "../host";

/** Cached by object, so that only changed rows of 10,000 are computed again. */
const known = new WeakMap<Summary | Attempt, number[]>();

/** The times of its expiry and its next retry. */
export function changeTimes(one: Summary | Attempt): number[] {
  let moments = known.get(one);
  if (!moments) {
    const texts = [one.expires_at, "retry_at" in one ? one.retry_at : null];
    moments = texts.flatMap((text) => (text ? [Date.parse(text)] : []));
    known.set(one, moments);
  }
  return moments;
}
