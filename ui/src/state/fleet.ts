// What the sidebar lists: under each provider its connections, sign-ins under way, and apps that nothing came of yet.

import type { App, Attempt, Summary } from "../host";
import { compare } from "./order";
import type { Place } from "./place.svelte";
import { isOver } from "./attempts";

type Kind =
  /** `attempt` is a sign-in under way, or not yet looked at, that is to renew the connection. */
  | { kind: "connection"; connection: Summary; attempt?: Attempt }
  | { kind: "attempt"; attempt: Attempt }
  | { kind: "app"; app: App };
/** `text` is what the filter looks into, once it does. */
export type Row = Kind & { id: string; name: string; text?: string };

export type Group = { provider: string; rows: Row[] };

/** Attempts that still matter: open ones, and those that ended in a way the person has not seen. */
const shown = (attempt: Attempt): boolean =>
  !isOver(attempt) || ["denied", "failed", "timed_out"].includes(attempt.phase);

/** Rows by what they are of: of ten thousand, only those that changed are made again. */
const made = new WeakMap<Summary | Attempt | App, Row>();

const row = (id: string, name: string, of: Kind): Row => ({ id, name, ...of });

export function fleet(apps: App[], connections: Summary[], attempts: Attempt[]): Group[] {
  const groups = new Map<string, Row[]>();
  const put = (provider: string, of: Summary | Attempt | App | null, make: () => Row) => {
    const row = (of && made.get(of)) ?? make();
    if (of) made.set(of, row);
    const rows = groups.get(provider);
    if (rows) rows.push(row);
    else groups.set(provider, [row]);
  };
  const connected = new Set<string>();
  const tried = new Set<string>();
  const again = new Map<string, Attempt>();
  for (const attempt of attempts)
    if (attempt.connection_id && shown(attempt)) again.set(attempt.connection_id, attempt);
  for (const connection of connections) {
    connected.add(connection.app_id);
    const attempt = again.get(connection.id);
    again.delete(connection.id);
    put(connection.provider_name, attempt ? null : connection, () =>
      row(connection.id, connection.name, { kind: "connection", connection, attempt }),
    );
  }
  for (const attempt of attempts.filter(shown)) {
    tried.add(attempt.app_id);
    if (attempt.connection_id && again.get(attempt.connection_id) !== attempt) continue;
    put(attempt.provider_name, attempt, () => row(attempt.id, attempt.app_name, { kind: "attempt", attempt }));
  }
  for (const app of apps) {
    if (!connected.has(app.id) && !tried.has(app.id))
      put(app.provider_name, app, () => row(app.id, app.name, { kind: "app", app }));
  }
  return [...groups].map(([provider, rows]) => ({ provider, rows })).sort((a, b) => compare(a.provider, b.provider));
}

/** What contains a text. */
export function filtered(groups: Group[], filter: string): Group[] {
  const wanted = filter.trim().toLocaleLowerCase();
  if (!wanted) return groups;
  const text = (row: Row, provider: string) => (row.text ??= `${row.name} ${provider}`.toLocaleLowerCase());
  return groups
    .map(({ provider, rows }) => ({ provider, rows: rows.filter((row) => text(row, provider).includes(wanted)) }))
    .filter((group) => group.rows.length > 0);
}

/** Where a row leads. */
export function placeOf(row: Row): Place {
  if (row.kind === "app") return { at: "app", app: row.id };
  if (!row.attempt) return { at: "connection", connection: row.id, tab: "overview" };
  return { at: "connect", app: row.attempt.app_id, attempt: row.attempt.id, connection: row.attempt.connection_id };
}

/** Whether a place is the row's own. */
export function isAt(row: Row, place: Place): boolean {
  if (row.kind === "connection")
    return (place.at === "connection" || place.at === "connect") && place.connection === row.id;
  if (row.kind === "attempt") return place.at === "connect" && place.attempt === row.id;
  return (
    ((place.at === "app" || place.at === "change") && place.app === row.id) ||
    (place.at === "connect" && !place.attempt && place.app === row.id)
  );
}
