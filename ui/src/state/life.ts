// The geometry of a token's life: where, in percent of the line, its moments lie.

import type { State } from "../host";

export type Life = {
  kind: "held" | "endless" | "over";
  /** Where now is. */
  now: number;
  /** Where the rope ends. */
  end: number;
  /** Where it renews by itself; nothing where nothing does. */
  renews: number | null;
  /** Sixths of the life before it renews: where a small knot sits, and whether it is spent. */
  knots: { at: number; spent: boolean }[];
};

/** Past its end the line is no longer true to scale: the frayed end sits here, and now at the far right. */
const FRAYED = 63;
/** Without an end there is no scale either. */
const ENDLESS = { now: 40, end: 76 };

export function life(
  issued: number,
  expires: number | null,
  now: number,
  state: State,
  renews: number | null = null,
): Life {
  if (expires === null) return { kind: "endless", ...ENDLESS, renews: null, knots: [] };
  if (now >= expires || state === "expired") return { kind: "over", now: 100, end: FRAYED, renews: null, knots: [] };
  const whole = Math.max(1, expires - issued);
  const at = Math.min(99.5, Math.max(1, ((now - issued) / whole) * 100));
  const from = renews === null ? null : Math.min(99.5, ((renews - issued) / whole) * 100);
  const knots = [1, 2, 3, 4, 5]
    .map((sixth) => (sixth * 100) / 6)
    .filter((knot) => Math.abs(knot - at) > 1 && (from === null || knot < from - 1))
    .map((knot) => ({ at: knot, spent: knot < at }));
  return { kind: "held", now: at, end: 100, renews: from, knots };
}
