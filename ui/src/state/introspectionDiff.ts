// Compares stored token metadata with the introspection response.

import type { Details } from "../host";

type About = "scopes" | "projects" | "end";
/** One comparison: the number of equal values, and the values found on one side only. */
export type Row = { about: About; same: number; here: string[]; there: string[] };

/** Allowed difference of two clocks plus the response time, in milliseconds. */
const TOLERANCE = 60_000;

function sets(about: About, here: string[], there: string[]): Row {
  return {
    about,
    same: here.filter((one) => there.includes(one)).length,
    here: here.filter((one) => !there.includes(one)),
    there: there.filter((one) => !here.includes(one)),
  };
}

/** Compares only what the introspection response of a time contains. It knows nothing of a token of a later time. */
export function introspectionDiff(
  details: Details,
  said: NonNullable<Details["authorization"]>,
  checkedAt: string,
): Row[] {
  const rows: Row[] = [];
  if (said.scopes.length) rows.push(sets("scopes", details.scopes.granted, said.scopes));
  if (said.project_ids.length || details.project_ids.length)
    rows.push(sets("projects", details.project_ids, said.project_ids));
  const held = details.tokens?.expires_at;
  const isLater = Date.parse(details.tokens?.issued_at ?? "") > Date.parse(checkedAt);
  if (held && said.expires_at && !isLater) {
    const differ = Math.abs(Date.parse(held) - Date.parse(said.expires_at)) > TOLERANCE;
    rows.push({
      about: "end",
      same: differ ? 0 : 1,
      here: differ ? [held] : [],
      there: differ ? [said.expires_at] : [],
    });
  }
  return rows;
}
