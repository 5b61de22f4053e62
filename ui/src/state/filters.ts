// Post filters: as typed, and as the query sent to the host.

import type { PostQuery } from "../host";
import { parseDay } from "./calendar";
import { layout } from "./layout.svelte";

export const dateKeys = ["updated_from", "updated_to", "published_from", "published_to"] as const;
export const wordKeys = ["words_from", "words_to"] as const;
export type DateKey = (typeof dateKeys)[number];
export type WordKey = (typeof wordKeys)[number];
/** Filters that the provider can apply itself. */
export const theirs = ["status", "title", ...dateKeys] as const;
export type Filters = Record<"status" | "title" | "author" | "category" | DateKey | WordKey, string>;

export const none = (): Filters => ({
  status: "",
  title: "",
  author: "",
  category: "",
  words_from: "",
  words_to: "",
  updated_from: "",
  updated_to: "",
  published_from: "",
  published_to: "",
});

/** `2026-01-31` as the first or last moment of that day in local time; null for an invalid date. */
export function dayMoment(text: string, end: boolean): string | null {
  const date = parseDay(text);
  if (!date) return null;
  return end
    ? new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1, 0, 0, 0, -1).toISOString()
    : date.toISOString();
}

export const wordCount = (text: string): number | null => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : null);

/** The first and the last day of a month such as `2026-03`. */
export function daysOf(month: string): [string, string] {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return [`${month}-01`, `${month}-${new Date(year, number, 0).getDate()}`];
}

export function query(project: string, filters: Filters): PostQuery {
  const text = (value: string) => value.trim() || null;
  return {
    project_id: project,
    sort: layout.sort,
    order: layout.order,
    status: text(filters.status),
    title: text(filters.title),
    author: text(filters.author),
    category: text(filters.category),
    words_from: wordCount(filters.words_from),
    words_to: wordCount(filters.words_to),
    updated_from: dayMoment(filters.updated_from, false),
    updated_to: dayMoment(filters.updated_to, true),
    published_from: dayMoment(filters.published_from, false),
    published_to: dayMoment(filters.published_to, true),
  };
}
