// The sidebar's rows: connections, running sign-ins and apps without connections. They are grouped by environment if
// any app has one, else by provider.

import type { App, Attempt, Summary } from "../host";
import { compare } from "./sort";
import type { Route } from "./router.svelte";
import { isOver } from "./attempts";

type Kind =
  /** `attempt` is a running or unseen sign-in that reconnects the connection. */
  | { kind: "connection"; connection: Summary; attempt?: Attempt }
  | { kind: "attempt"; attempt: Attempt }
  | { kind: "app"; app: App };
/** `text` is the lower-case search text, computed on first use. */
export type Row = Kind & { id: string; name: string; provider: string; text?: string };

/** `name` is empty for what has no environment. */
export type Group = { by: "environment" | "provider"; name: string; rows: Row[] };

/** Running attempts, and unsuccessful ones that the person has not dismissed. */
const shown = (attempt: Attempt): boolean =>
  !isOver(attempt) || ["denied", "failed", "timed_out"].includes(attempt.phase);

/** Cached by object, so that only changed rows of 10,000 are built again. */
const made = new WeakMap<Summary | Attempt | App, Row>();

const row = (id: string, name: string, provider: string, of: Kind): Row => ({ id, name, provider, ...of });

/** With `partial`, more connections follow, and it is not known which apps have none. */
export function sidebarRows(apps: App[], connections: Summary[], attempts: Attempt[], partial = false): Group[] {
  const environments = new Map(apps.map((app) => [app.id, app.environment ?? ""]));
  const by = [...environments.values()].some(Boolean) ? "environment" : "provider";
  const groups = new Map<string, Row[]>();
  const put = (app: string, of: Summary | Attempt | App | null, make: () => Row) => {
    const row = (of && made.get(of)) ?? make();
    if (of) made.set(of, row);
    const name = by === "environment" ? (environments.get(app) ?? "") : row.provider;
    const rows = groups.get(name);
    if (rows) rows.push(row);
    else groups.set(name, [row]);
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
    put(connection.app_id, attempt ? null : connection, () =>
      row(connection.id, connection.name, connection.provider_name, { kind: "connection", connection, attempt }),
    );
  }
  for (const attempt of attempts.filter(shown)) {
    tried.add(attempt.app_id);
    if (attempt.connection_id && again.get(attempt.connection_id) !== attempt) continue;
    put(attempt.app_id, attempt, () =>
      row(attempt.id, attempt.app_name, attempt.provider_name, { kind: "attempt", attempt }),
    );
  }
  for (const app of partial ? [] : apps) {
    if (!connected.has(app.id) && !tried.has(app.id))
      put(app.id, app, () => row(app.id, app.name, app.provider_name, { kind: "app", app }));
  }
  return [...groups]
    .map(([name, rows]): Group => ({ by, name, rows }))
    .sort((a, b) => Number(!a.name) - Number(!b.name) || compare(a.name, b.name));
}

/** The rows that contain a text. */
export function filtered(groups: Group[], filter: string): Group[] {
  const wanted = filter.trim().toLocaleLowerCase();
  if (!wanted) return groups;
  const text = (row: Row) => (row.text ??= `${row.name} ${row.provider}`.toLocaleLowerCase());
  return groups
    .map(({ rows, ...group }) => ({ ...group, rows: rows.filter((row) => text(row).includes(wanted)) }))
    .filter((group) => group.rows.length > 0);
}

/** The route that a row opens. */
export function routeOf(row: Row): Route {
  if (row.kind === "app") return { page: "app", app: row.id };
  if (!row.attempt) return { page: "connection", connection: row.id, tab: "overview" };
  return { page: "connect", app: row.attempt.app_id, attempt: row.attempt.id, connection: row.attempt.connection_id };
}

/** Whether a row belongs to the current route. */
export function isCurrent(row: Row, route: Route): boolean {
  if (row.kind === "connection")
    return (route.page === "connection" || route.page === "connect") && route.connection === row.id;
  if (row.kind === "attempt") return route.page === "connect" && route.attempt === row.id;
  return (
    ((route.page === "app" || route.page === "change") && route.app === row.id) ||
    (route.page === "connect" && !route.attempt && route.app === row.id)
  );
}
