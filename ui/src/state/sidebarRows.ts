// The sidebar's rows: connections, running sign-ins and apps without connections, in groups.

import type { App, Attempt, Summary } from "../host";
import { compare } from "./sort";
import type { Route } from "./router.svelte";
import { isOver } from "./attempts";

type Kind =
  /** `attempt` is a running or unseen sign-in that reconnects the connection. */
  | { kind: "connection"; connection: Summary; attempt?: Attempt }
  | { kind: "attempt"; attempt: Attempt }
  | { kind: "app"; app: App };
/** `provider` is the provider's ID. `text` is the lower-case search text, computed on first use. */
export type Row = Kind & { id: string; name: string; provider: string; provider_name: string; text?: string };

/** What the list is grouped by. */
export type Grouping = "provider" | "environment" | "label";
/** `name` is empty for rows without an environment or a label. Pinned rows are a group of their own. */
export type Group = { by: Grouping | "pinned"; name: string; rows: Row[] };

/** Running attempts, and those that the person has not dismissed: unsuccessful, or with another account. */
const shown = (attempt: Attempt): boolean =>
  !isOver(attempt) || ["denied", "failed", "timed_out"].includes(attempt.phase) || attempt.other_account !== null;

/** Cached by object, so that only changed rows of 10,000 are built again. */
const made = new WeakMap<Summary | Attempt | App, Row>();

/** What the list is grouped by if the person has chosen nothing: by environment if any app has one. */
export const usualGrouping = (apps: App[]): Grouping =>
  apps.some((app) => app.environment) ? "environment" : "provider";

/** The attempt of each app that has a row of its own: the newest running one, or else the newest. */
function attemptRows(attempts: Attempt[]): Map<string, Attempt> {
  const rows = new Map<string, Attempt>();
  const isNewer = (one: Attempt, other: Attempt) =>
    isOver(one) === isOver(other) ? Date.parse(one.started_at) >= Date.parse(other.started_at) : isOver(other);
  for (const attempt of attempts) {
    const other = rows.get(attempt.app_id);
    if (!other || isNewer(attempt, other)) rows.set(attempt.app_id, attempt);
  }
  return rows;
}

/** With `partial`, more connections follow, and it is not known which apps have none. */
export function sidebarRows(
  apps: App[],
  connections: Summary[],
  attempts: Attempt[],
  { partial = false, by = usualGrouping(apps) }: { partial?: boolean; by?: Grouping } = {},
): Group[] {
  const known = new Map(apps.map((app) => [app.id, app]));
  const groups = new Map<string, Row[]>();
  const pinned: Row[] = [];
  let isArranged = false;
  const put = (appId: string, of: Summary | Attempt | App | null, make: () => Omit<Row, "provider"> & Kind) => {
    const app = known.get(appId);
    const row = (of && made.get(of)) ?? ({ provider: app?.provider ?? "", ...make() } as Row);
    if (of) made.set(of, row);
    const own = row.kind === "connection" ? row.connection.annotations : null;
    isArranged ||= own?.position != null;
    if (own?.pinned) return void pinned.push(row);
    const name = { provider: row.provider_name, environment: app?.environment ?? "", label: own?.label ?? "" }[by];
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
    const { id, name, provider, provider_name } = connection;
    put(connection.app_id, attempt ? null : connection, () => ({
      ...{ id, name, provider, provider_name },
      ...(attempt ? { kind: "connection", connection, attempt } : { kind: "connection", connection }),
    }));
  }
  const others = attempts.filter((one) => shown(one) && (!one.connection_id || again.get(one.connection_id) === one));
  for (const attempt of attemptRows(others).values()) {
    tried.add(attempt.app_id);
    const { id, app_name: name, provider_name } = attempt;
    put(attempt.app_id, attempt, () => ({ id, name, provider_name, kind: "attempt", attempt }));
  }
  for (const app of partial ? [] : apps) {
    const { id, name, provider_name } = app;
    if (!connected.has(id) && !tried.has(id)) put(id, app, () => ({ id, name, provider_name, kind: "app", app }));
  }
  const named = [...groups]
    .map(([name, rows]): Group => ({ by, name, rows }))
    .sort((a, b) => Number(!a.name) - Number(!b.name) || compare(a.name, b.name));
  const all: Group[] = pinned.length > 0 ? [{ by: "pinned", name: "", rows: pinned }, ...named] : named;
  // Without a place, rows follow in the order that they have.
  if (isArranged) for (const { rows } of all) rows.sort((a, b) => place(a) - place(b));
  return all;
}

/** The place of a row in the person's own order. */
const place = (row: Row): number =>
  (row.kind === "connection" ? row.connection.annotations.position : null) ?? Number.MAX_SAFE_INTEGER;

/** The text that the filter searches. */
const text = (row: Row): string =>
  (row.text ??= [
    row.name,
    row.provider_name,
    ...(row.kind === "connection"
      ? [row.connection.environment, row.connection.annotations.label, row.connection.annotations.note]
      : []),
    row.kind === "app" ? row.app.environment : "",
  ]
    .join("\n")
    .toLocaleLowerCase());

/** The rows that contain every word of a text and that `wanted` selects. */
export function filtered(groups: Group[], filter: string, wanted?: (row: Row) => boolean): Group[] {
  const words = filter.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && !wanted) return groups;
  const fits = (row: Row) => words.every((word) => text(row).includes(word)) && (!wanted || wanted(row));
  return groups
    .map(({ rows, ...group }) => ({ ...group, rows: rows.filter(fits) }))
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
