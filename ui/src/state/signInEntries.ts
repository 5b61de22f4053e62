// A finished sign-in is one line of the activity: its end, with the time of its start.

import type { Entry, Kind } from "../host";

const ends: Kind[] = ["signed_in", "denied", "sign_in_ended"];
/** A sign-in times out after ten minutes; the exchange of its code takes a while longer. */
const LONGEST = 15 * 60_000;

export type Line = { entry: Entry; started: string | null };

/** The entries, newest first, without the starts of sign-ins whose end is among them. */
export function foldSignIns(entries: Entry[]): Line[] {
  const folded = new Set<Entry>();
  const startOf = (end: Entry, after: number) =>
    entries
      .slice(after + 1)
      .find(
        (one) =>
          one.kind === "sign_in_started" &&
          !folded.has(one) &&
          one.app_id !== null &&
          one.app_id === end.app_id &&
          (one.connection_id === null || one.connection_id === end.connection_id) &&
          Date.parse(end.at) - Date.parse(one.at) <= LONGEST,
      );
  const lines = entries.map((entry, nth) => {
    const start = ends.includes(entry.kind) ? startOf(entry, nth) : undefined;
    if (start) folded.add(start);
    return { entry, started: start?.at ?? null };
  });
  return lines.filter(({ entry }) => !folded.has(entry));
}
