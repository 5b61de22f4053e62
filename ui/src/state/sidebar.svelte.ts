// What the sidebar lists: its grouping, its filters and the resulting rows.

import { appStore } from "./appStore.svelte";
import { categoryOf, countCategories, type Category } from "./categories";
import { clock } from "./clock.svelte";
import { filtered, sidebarRows, usualGrouping, type Grouping } from "./sidebarRows";

const KEY = "grouping";
export const groupings: readonly Grouping[] = ["provider", "environment", "label"];

const kept = (): Grouping | null => groupings.find((one) => one === localStorage.getItem(KEY)) ?? null;

class Sidebar {
  /** The text filter. */
  text = $state("");
  category = $state<Category | "all">("all");
  #chosen = $state<Grouping | null>(kept());

  grouping = $derived(this.#chosen ?? usualGrouping(appStore.apps));
  // Apps without connections are known once all connections are loaded.
  #attempts = $derived(appStore.attempts.filter((one) => !appStore.hidden.has(one.app_id)));
  all = $derived(
    sidebarRows(appStore.apps, appStore.connections, this.#attempts, { partial: appStore.partial, by: this.grouping }),
  );
  counts = $derived(
    countCategories(
      this.all.flatMap(({ rows }) => rows),
      clock.now,
    ),
  );
  groups = $derived.by(() => {
    const { category } = this;
    const now = clock.now;
    return filtered(this.all, this.text, category === "all" ? undefined : (row) => categoryOf(row, now) === category);
  });
  /** The IDs of the listed connections, in the order of the list. */
  listed = $derived(
    this.groups.flatMap(({ rows }) => rows.filter((row) => row.kind === "connection").map((row) => row.id)),
  );
  /** Whether a filter hides rows. */
  isFiltered = $derived(this.text.trim() !== "" || this.category !== "all");

  /** Groups the list, and remembers that. */
  groupBy = (grouping: Grouping): void => {
    this.#chosen = grouping;
    localStorage.setItem(KEY, grouping);
  };

  /** Lists all connections of a category. */
  listOnly = (category: Category): void => {
    this.text = "";
    this.category = category;
  };

  /** As after a start. */
  reset = (): void => {
    this.text = "";
    this.category = "all";
    this.#chosen = kept();
  };
}

export const sidebar = new Sidebar();
