// The posts of one project, as they are asked for: filters, order, what came, and which one is looked at.

import { SvelteMap } from "svelte/reactivity";
import { host, type Order, type Posts, type Post, type PostQuery, type Project } from "../host";
import { Load } from "./load.svelte";

export const columns = ["title", "status", "author", "category", "word_count", "last_update"] as const;
export type Column = (typeof columns)[number];

export const dateKeys = ["updated_from", "updated_to", "published_from", "published_to"] as const;
export type DateKey = (typeof dateKeys)[number];
export type Filters = Record<"status" | "title" | DateKey, string>;

const none = (): Filters => ({ status: "", title: "", updated_from: "", updated_to: "", published_from: "", published_to: "" });
const TYPING = 250;

/** `2026-01-31` as the first or last moment of that day here; nothing where it is no day. */
export function dayMoment(text: string, end: boolean): string | null {
  const [, year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text.trim()) ?? [];
  if (!year || !month || !day) return null;
  const date = new Date(Number(year), Number(month) - 1, Number(day));
  if (date.getMonth() !== Number(month) - 1 || date.getDate() !== Number(day)) return null;
  return end ? new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1, 0, 0, 0, -1).toISOString() : date.toISOString();
}

export class Shelf {
  readonly connection: string;
  readonly project: string;
  filters = $state(none());
  sort = $state<Column>("last_update");
  order = $state<Order>("desc");
  chosen = $state<string | null>(null);
  posts = new Load<Posts>();
  about = new Load<Project>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  filtered = $derived(Object.values(this.filters).some((value) => value.trim() !== ""));
  post = $derived.by((): Post | null => this.posts.data?.posts.find((post) => post.id === this.chosen) ?? null);

  constructor(connection: string, project: string) {
    this.connection = connection;
    this.project = project;
  }

  query(): PostQuery {
    const { status, title, updated_from, updated_to, published_from, published_to } = this.filters;
    return {
      project_id: this.project,
      sort: this.sort,
      order: this.order,
      status: status || null,
      title: title.trim() || null,
      updated_from: dayMoment(updated_from, false),
      updated_to: dayMoment(updated_to, true),
      published_from: dayMoment(published_from, false),
      published_to: dayMoment(published_to, true),
    };
  }

  read = (): Promise<void> => {
    clearTimeout(this.#timer);
    return this.posts.run((call) => host.posts(this.connection, this.query(), call));
  };

  readAbout = (): Promise<void> => this.about.run((call) => host.project(this.connection, this.project, call));

  filter(key: keyof Filters, value: string, typing = false): void {
    if (this.filters[key] === value) return;
    this.filters[key] = value;
    clearTimeout(this.#timer);
    if (typing) this.#timer = setTimeout(() => void this.read(), TYPING);
    else void this.read();
  }

  clearFilters = (): void => {
    this.filters = none();
    void this.read();
  };

  /** Sorts by a column; once more turns it around. Words run from A, figures and dates from the largest. */
  sortBy(column: Column): void {
    if (this.sort === column) this.order = this.order === "asc" ? "desc" : "asc";
    else this.order = column === "word_count" || column === "last_update" ? "desc" : "asc";
    this.sort = column;
    void this.read();
  }
}

/** What was looked at stays as it was left while the window is open. */
class Shelves {
  #open = new SvelteMap<string, Shelf>();
  #kept = new Map<string, Shelf>();

  of = (connection: string): Shelf | undefined => this.#open.get(connection);

  open(connection: string, project: string): void {
    const key = JSON.stringify([connection, project]);
    const shelf = this.#kept.get(key) ?? new Shelf(connection, project);
    this.#kept.set(key, shelf);
    this.#open.set(connection, shelf);
    if (!shelf.posts.data) void shelf.read();
    if (!shelf.about.data) void shelf.readAbout();
  }

  close = (connection: string): void => {
    this.#open.delete(connection);
  };

  /** Forgets what was read through a connection. */
  drop = (connection: string): void => {
    this.close(connection);
    for (const [key, shelf] of this.#kept) {
      if (shelf.connection !== connection) continue;
      shelf.posts.clear();
      this.#kept.delete(key);
    }
  };
}

export const shelves = new Shelves();
