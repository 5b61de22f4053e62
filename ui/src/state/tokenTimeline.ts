// Geometry of the token timeline, in percent of its width.

import type { State } from "../host";

export type TokenTimeline = {
  kind: "held" | "endless" | "over";
  /** Position of the current time. */
  now: number;
  /** End of the rope. */
  end: number;
  /** Position of the automatic refresh, or null. */
  renews: number | null;
};

/** After expiry the line is not to scale: the frayed end is here, and the current time at the right edge. */
const FRAYED = 63;
/** Without an expiry there is no scale; the rope goes on past the edge. */
const ENDLESS = { now: 40, end: 100 };

export function tokenTimeline(
  issued: number,
  expires: number | null,
  now: number,
  state: State,
  renews: number | null = null,
): TokenTimeline {
  if (expires === null) return { kind: "endless", ...ENDLESS, renews: null };
  if (now >= expires || state === "expired") return { kind: "over", now: 100, end: FRAYED, renews: null };
  const whole = Math.max(1, expires - issued);
  const at = Math.min(99.5, Math.max(1, ((now - issued) / whole) * 100));
  const from = renews === null ? null : Math.min(99.5, ((renews - issued) / whole) * 100);
  return { kind: "held", now: at, end: 100, renews: from };
}
