// Layout of the posts: the table's columns, widths and sort order, and whether the chart is shown. Persisted in
// local storage.

import type { Order } from "../host";

export const columns = [
  "title",
  "status",
  "author",
  "category",
  "word_count",
  "created_on",
  "post_publish",
  "last_update",
] as const;
export type Column = (typeof columns)[number];

type Kept = { shown: Column[] | null; widths: { [column in Column]?: number }; sort: Column; order: Order };

const KEY = "posts-table";
const CHART_KEY = "posts-chart";
/** Default widths in rem. The title takes the remaining width, and at least this much. */
const usual = {
  title: 20,
  status: 5.5,
  author: 6.75,
  category: 5,
  word_count: 5,
  created_on: 6.5,
  post_publish: 6.5,
  last_update: 7.5,
};
const first: Column[] = ["title", "status", "author", "category", "word_count", "last_update"];
/** Columns hidden in a narrow table, in this order, unless the person chose the columns. */
const yielding: Column[] = ["author", "category", "word_count", "last_update", "status"];
export const LEAST = 3;
export const MOST = 40;

const isColumn = (value: unknown): value is Column => columns.includes(value as Column);

function kept(): Kept {
  try {
    const { shown, widths, sort, order } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Kept>;
    return {
      shown: Array.isArray(shown) ? columns.filter((column) => column === "title" || shown.includes(column)) : null,
      widths: Object.fromEntries(
        Object.entries(widths ?? {}).filter(([column, width]) => isColumn(column) && Number.isFinite(width)),
      ),
      sort: isColumn(sort) ? sort : "last_update",
      order: order === "asc" ? "asc" : "desc",
    };
  } catch {
    return { shown: null, widths: {}, sort: "last_update", order: "desc" };
  }
}

class Layout {
  #kept = $state(kept());
  chart = $state(localStorage.getItem(CHART_KEY) !== "hidden");

  shown = $derived<readonly Column[]>(this.#kept.shown ?? first);
  sort = $derived(this.#kept.sort);
  order = $derived(this.#kept.order);

  width = (column: Column): number => this.#kept.widths[column] ?? usual[column];
  widthOf = (columns: readonly Column[]): number => columns.reduce((sum, column) => sum + this.width(column), 0);

  /** The columns for a table of this width in rem. */
  fitting = (width: number): readonly Column[] => {
    if (this.#kept.shown !== null) return this.shown;
    let fitting = this.shown;
    for (const column of yielding)
      if (this.widthOf(fitting) > width) fitting = fitting.filter((other) => other !== column);
    return fitting;
  };

  show = (column: Column, shown: boolean): void => {
    const now = this.shown;
    this.#change({ shown: columns.filter((other) => (other === column ? shown : now.includes(other))) });
  };

  resize = (column: Column, width: number): void => {
    this.#change({ widths: { ...this.#kept.widths, [column]: Math.max(LEAST, Math.min(MOST, width)) } });
  };

  /** Sorts by a column; again reverses it. Text starts ascending, numbers and dates descending. */
  sortBy = (column: Column): void => {
    const words = ["title", "status", "author", "category"].includes(column);
    const order = this.sort === column ? (this.order === "asc" ? "desc" : "asc") : words ? "asc" : "desc";
    this.#change({ sort: column, order });
  };

  showChart = (shown: boolean): void => {
    this.chart = shown;
    localStorage.setItem(CHART_KEY, shown ? "shown" : "hidden");
  };

  reset = (): void => {
    localStorage.removeItem(KEY);
    this.#kept = kept();
  };

  #change(some: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...some };
    localStorage.setItem(KEY, JSON.stringify(this.#kept));
  }
}

export const layout = new Layout();
