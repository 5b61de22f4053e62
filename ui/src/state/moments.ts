// The moments at which what is shown changes by itself.

import type { Attempt, Summary } from "../host";

/** Of ten thousand, only those that changed are worked out again. */
const known = new WeakMap<Summary | Attempt, number[]>();

/** When what is shown of it changes: it expires, it is tried again. */
export function momentsOf(one: Summary | Attempt): number[] {
  let moments = known.get(one);
  if (!moments) {
    const texts = [one.expires_at, "retry_at" in one ? one.retry_at : null];
    moments = texts.flatMap((text) => (text ? [Date.parse(text)] : []));
    known.set(one, moments);
  }
  return moments;
}
