// The categories of the sidebar's status filter.

import { isOver } from "./attempts";
import { connectionState, waitsForSandbox } from "./connectionStatus";
import type { Row } from "./sidebarRows";

/** In the order of the menu: what needs the person comes first. */
export const categories = [
  "attention",
  "active",
  "retrying",
  "no_sandbox",
  "expired",
  "locked",
  "disconnected",
  "signing_in",
  "not_connected",
] as const;
export type Category = (typeof categories)[number];

/** The category of a row. A failed sign-in and one that is due soon need attention. */
export function categoryOf(row: Row, now: Date): Category {
  const attempt = row.kind === "app" ? undefined : row.attempt;
  if (attempt) return isOver(attempt) ? "attention" : "signing_in";
  if (row.kind !== "connection") return "not_connected";
  const state = connectionState(row.connection, now);
  if (state === "reconnect_needed" || (row.connection.sign_in_due !== null && state !== "disconnected"))
    return "attention";
  if (waitsForSandbox(row.connection, now)) return "no_sandbox";
  return state === "renewing" ? "active" : state;
}

/** The number of rows of each category. */
export function countCategories(rows: Row[], now: Date): Map<Category, number> {
  const counts = new Map<Category, number>();
  for (const row of rows) {
    const category = categoryOf(row, now);
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return counts;
}
