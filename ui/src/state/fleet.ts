// What the sidebar lists: under each provider its connections, sign-ins under way, and apps that nothing came of yet.

import type { App, Attempt, Summary } from "../host";
import { isOver } from "./world.svelte";

export type Row =
  | { kind: "connection"; id: string; name: string; connection: Summary }
  | { kind: "attempt"; id: string; name: string; attempt: Attempt }
  | { kind: "app"; id: string; name: string; app: App };

export type Group = { provider: string; rows: Row[] };

/** Attempts that still matter: open ones, and those that ended in a way the person has not seen. */
const shown = (attempt: Attempt): boolean => !isOver(attempt) || ["denied", "failed", "timed_out"].includes(attempt.phase);

export function fleet(apps: App[], connections: Summary[], attempts: Attempt[], filter: string): Group[] {
  const groups = new Map<string, Row[]>();
  const put = (provider: string, row: Row) => groups.set(provider, [...(groups.get(provider) ?? []), row]);
  const connected = new Set<string>();
  const tried = new Set<string>();
  for (const connection of connections) {
    connected.add(connection.app_id);
    put(connection.provider_name, { kind: "connection", id: connection.id, name: connection.name, connection });
  }
  for (const attempt of attempts.filter(shown)) {
    tried.add(attempt.app_id);
    put(attempt.provider_name, { kind: "attempt", id: attempt.id, name: attempt.app_name, attempt });
  }
  for (const app of apps) {
    if (!connected.has(app.id) && !tried.has(app.id)) put(app.provider_name, { kind: "app", id: app.id, name: app.name, app });
  }
  const wanted = filter.trim().toLocaleLowerCase();
  const fits = (row: Row, provider: string) => `${row.name} ${provider}`.toLocaleLowerCase().includes(wanted);
  return [...groups]
    .map(([provider, rows]) => ({ provider, rows: rows.filter((row) => fits(row, provider)) }))
    .filter((group) => group.rows.length > 0)
    .sort((a, b) => a.provider.localeCompare(b.provider));
}
