// State of one project's post list: filters, loaded rows and the selected post. All posts stay
// with the host; here are the visible rows and some around them.

import { SvelteMap } from "svelte/reactivity";
import {
  asTrouble,
  host,
  type Facets,
  type Month,
  type PostDetails,
  type PostLine,
  type PostPage,
  type Project,
} from "../host";
import { daysOf, none, query, type Filters } from "./filters";
import { layout, type Column } from "./layout.svelte";
import { Load } from "./load.svelte";
import { projectLists } from "./projects.svelte";
import { downloads } from "./downloads.svelte";

/** Rows per request, and the number of pages kept. */
const PIECE = 100;
const HELD = 40;
/** Debounce of filter input before the provider is queried, in milliseconds. */
const TYPING = 250;

export class PostListState {
  readonly connection: string;
  readonly project: string;
  filters = $state(none());
  /** Index of the selected row, if known, and ID of the selected post. */
  at = $state(-1);
  chosen = $state<string | null>(null);
  /** Whether the project's details are shown while no post is selected. */
  aboutShown = $state(false);
  /** The current result without its rows. */
  page = $state.raw<PostPage | null>(null);
  facets = $state.raw<Facets | null>(null);
  months = $state.raw<Month[]>([]);
  /** The request to the provider. */
  load = new Load<true>();
  details = new Load<PostDetails>();
  about = new Load<Project>();
  /** Incremented for each new result; the table then scrolls to its top. */
  turn = $state(0);
  #pieces = $state.raw(new Map<number, PostLine[]>());
  /** Pages that are loaded or requested. */
  #asked = new Map<number, Promise<void>>();
  /** First page of the rows wanted last. */
  #wanted = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #counting: ReturnType<typeof setTimeout> | undefined;

  get filtered(): boolean {
    return Object.values(this.filters).some((value) => value.trim() !== "");
  }

  constructor(connection: string, project: string) {
    this.connection = connection;
    this.project = project;
  }

  query = () => query(this.project, this.filters);
  line = (index: number): PostLine | undefined => this.#pieces.get(Math.floor(index / PIECE))?.[index % PIECE];

  /** Shows the offline copy, or loads from the provider if there is none. */
  open = async (): Promise<void> => {
    if (!(await this.look())) await this.read();
  };

  /** Loads from the provider with the filters it supports, then shows the result. */
  read = async (): Promise<void> => {
    clearTimeout(this.#timer);
    if (this.about.trouble) void this.readAbout();
    await this.load.run(async (call) => {
      await host.loadPosts(this.connection, this.query(), call);
      return true as const;
    });
    downloads.end(this.connection, this.project);
    if (!this.load.trouble && !this.load.stopped && !this.load.busy) await this.look();
  };

  readAbout = (): Promise<void> => this.about.run((call) => host.project(this.connection, this.project, false, call));

  /** Shows the project's details: the cached ones, then those from the provider. */
  openAbout = async (): Promise<void> => {
    this.choose(null);
    this.aboutShown = true;
    if (this.about.data || this.about.busy) return;
    await this.about.recall(() => host.project(this.connection, this.project, true, 0));
    await this.readAbout();
  };

  /** Shows the first page of the offline copy. Returns whether there is one. */
  async look(): Promise<boolean> {
    const turn = (this.turn += 1);
    try {
      const page = await host.postPage(this.connection, this.query(), 0, PIECE);
      if (turn !== this.turn) return true;
      this.#pieces = new Map([[0, page.lines]]);
      this.#asked = new Map([[0, Promise.resolve()]]);
      this.facets = page.facets;
      this.page = page;
      this.at = page.lines.findIndex((line) => line.id === this.chosen);
      if (!page.narrowed) projectLists.count(this.connection, this.project, page.size);
      clearTimeout(this.#counting);
      this.#counting = setTimeout(() => void this.#count(turn), this.months.length ? TYPING : 0);
      return true;
    } catch (thrown) {
      if (turn !== this.turn) return true;
      const trouble = asTrouble(thrown);
      if (trouble.code === "not_found") {
        this.page = null;
        return false;
      }
      this.load.trouble = trouble;
      return true;
    }
  }

  /** Loads the rows from `from` to `to`, then the pages around them. */
  want = async (from: number, to: number): Promise<void> => {
    const [first, last] = [Math.floor(from / PIECE), Math.floor((to - 1) / PIECE)];
    const inSight = Array.from({ length: last - first + 1 }, (_, nth) => first + nth);
    this.#wanted = first;
    for (const piece of [...inSight, last + 1, first - 1]) {
      await this.#piece(piece);
      // Other rows are visible by now.
      if (this.#wanted !== first) return;
    }
  };

  /** Loads a page unless it is loaded or requested. */
  #piece(piece: number): Promise<void> {
    const turn = this.turn;
    if (piece < 0 || piece * PIECE >= (this.page?.found ?? 0)) return Promise.resolve();
    const asked = this.#asked.get(piece) ?? this.#readPiece(piece, turn);
    this.#asked.set(piece, asked);
    return asked;
  }

  async #readPiece(piece: number, turn: number): Promise<void> {
    try {
      const { lines } = await host.postPage(this.connection, this.query(), piece * PIECE, PIECE);
      if (turn !== this.turn) return;
      const pieces = new Map(this.#pieces).set(piece, lines);
      if (pieces.size > HELD) {
        const away = (other: number) => (other === piece ? -1 : Math.abs(other - this.#wanted));
        const farthest = [...pieces.keys()].reduce((one, other) => (away(other) > away(one) ? other : one));
        pieces.delete(farthest);
        this.#asked.delete(farthest);
      }
      this.#pieces = pieces;
    } catch {
      // It is requested again when it becomes visible again.
      if (turn === this.turn) this.#asked.delete(piece);
    }
  }

  /** Selects the post of a row. */
  go = async (index: number): Promise<void> => {
    this.at = index;
    if (!this.line(index)) await this.#piece(Math.floor(index / PIECE));
    const id = this.line(index)?.id;
    if (id && this.at === index) this.choose(id);
  };

  choose = (id: string | null): void => {
    this.chosen = id;
    if (id === null) this.at = -1;
    this.details.clear();
    if (id !== null) void this.details.run(() => host.post(this.connection, this.query(), id));
  };

  closeDetails = (): void => {
    this.choose(null);
    this.aboutShown = false;
  };

  /** Selects a post that filters may hide. */
  show = (id: string): void => {
    this.clearFilters();
    this.choose(id);
  };

  filter(some: Partial<Filters>): void {
    if (Object.entries(some).every(([key, value]) => this.filters[key as keyof Filters] === value)) return;
    Object.assign(this.filters, some);
    void this.#again();
  }

  clearFilters = (): void => this.filter(none());

  /** Toggles the filter for a month. */
  month = (month: string): void => {
    const [updated_from, updated_to] = daysOf(month);
    this.filter(this.isMonth(month) ? { updated_from: "", updated_to: "" } : { updated_from, updated_to });
  };

  isMonth = (month: string): boolean => {
    const [from, to] = daysOf(month);
    return this.filters.updated_from === from && this.filters.updated_to === to;
  };

  sortBy(column: Column): void {
    layout.sortBy(column);
    void this.look();
  }

  async #again(): Promise<void> {
    clearTimeout(this.#timer);
    if (!(await this.look())) this.#timer = setTimeout(() => void this.read(), TYPING);
  }

  async #count(turn: number): Promise<void> {
    const months = await host.postMonths(this.connection, this.query()).catch(() => []);
    if (turn === this.turn) this.months = months;
  }
}

/** Keeps the state of each while the window is open. */
class PostLists {
  #open = new SvelteMap<string, PostListState>();
  #kept = new Map<string, PostListState>();

  of = (connection: string): PostListState | undefined => this.#open.get(connection);

  open(connection: string, project: string): PostListState {
    const key = JSON.stringify([connection, project]);
    const known = this.#kept.get(key);
    const postList = known ?? new PostListState(connection, project);
    this.#kept.set(key, postList);
    this.#open.set(connection, postList);
    if (!postList.page && !postList.load.busy) void postList.open();
    return postList;
  }

  close = (connection: string): void => {
    this.#open.delete(connection);
  };

  /** Drops the state of a connection. */
  drop = (connection: string): void => {
    this.close(connection);
    for (const [key, postList] of this.#kept) {
      if (postList.connection !== connection) continue;
      postList.load.clear();
      this.#kept.delete(key);
    }
  };
}

export const postLists = new PostLists();
