// The posts of one project, as they are looked at: filters, what of them was read, and which one is looked at. All of
// them stay with the host; here are the lines in sight, and a few around them.

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
import { places } from "./places.svelte";
import { underway } from "./progress.svelte";

/** How many lines are asked for at once, and how many such pieces are held. */
const PIECE = 100;
const HELD = 40;
/** How long typing rests before the provider is asked, or months are counted anew. */
const TYPING = 250;

export class Shelf {
  readonly connection: string;
  readonly project: string;
  filters = $state(none());
  /** Which line is looked at, where it is known, and which post. */
  at = $state(-1);
  chosen = $state<string | null>(null);
  /** What is shown, without its lines. */
  page = $state.raw<PostPage | null>(null);
  facets = $state.raw<Facets | null>(null);
  months = $state.raw<Month[]>([]);
  /** Reading from the provider. */
  load = new Load<true>();
  details = new Load<PostDetails>();
  about = new Load<Project>();
  /** Counts every other selection: the table begins at its top. */
  turn = $state(0);
  #pieces = $state.raw(new Map<number, PostLine[]>());
  /** Pieces that are here or on their way. */
  #asked = new Map<number, Promise<void>>();
  /** Where the lines are that were wanted last. */
  #wanted = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #counting: ReturnType<typeof setTimeout> | undefined;

  filtered = $derived(Object.values(this.filters).some((value) => value.trim() !== ""));

  constructor(connection: string, project: string) {
    this.connection = connection;
    this.project = project;
  }

  query = () => query(this.project, this.filters);
  line = (index: number): PostLine | undefined => this.#pieces.get(Math.floor(index / PIECE))?.[index % PIECE];

  /** Shows what was read before; what never was is asked of the provider. */
  open = async (): Promise<void> => {
    if (!(await this.look())) await this.read();
  };

  /** Reads from the provider, with the filters that it can do, and shows what came. */
  read = async (): Promise<void> => {
    clearTimeout(this.#timer);
    if (this.about.trouble) void this.readAbout();
    await this.load.run(async (call) => {
      await host.loadPosts(this.connection, this.query(), call);
      return true as const;
    });
    underway.end(this.connection, this.project);
    if (!this.load.trouble && !this.load.stopped && !this.load.busy) await this.look();
  };

  readAbout = (): Promise<void> => this.about.run((call) => host.project(this.connection, this.project, false, call));

  /** What of the provider's reply was kept of this project, then what it says now. */
  openAbout = async (): Promise<void> => {
    await this.about.recall(() => host.project(this.connection, this.project, true, 0));
    await this.readAbout();
  };

  /** Looks at what was read; answers whether there is any of it. */
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
      if (!page.narrowed) places.count(this.connection, this.project, page.size);
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

  /** Has the lines from `from` to `to` at hand, and then those around them, for who scrolls on. */
  want = async (from: number, to: number): Promise<void> => {
    const [first, last] = [Math.floor(from / PIECE), Math.floor((to - 1) / PIECE)];
    const inSight = Array.from({ length: last - first + 1 }, (_, nth) => first + nth);
    this.#wanted = first;
    for (const piece of [...inSight, last + 1, first - 1]) {
      await this.#piece(piece);
      // Others are in sight by now.
      if (this.#wanted !== first) return;
    }
  };

  /** Has a piece at hand, which may be on its way already. */
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
      // It is asked for again when it comes into sight again.
      if (turn === this.turn) this.#asked.delete(piece);
    }
  }

  /** Looks at the post of a line. */
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

  /** Looks at a post that filters may hide. */
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

  /** Only the posts of a month; of all, if it was that one. */
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

/** What was looked at stays as it was left while the window is open. */
class Shelves {
  #open = new SvelteMap<string, Shelf>();
  #kept = new Map<string, Shelf>();

  of = (connection: string): Shelf | undefined => this.#open.get(connection);

  open(connection: string, project: string): Shelf {
    const key = JSON.stringify([connection, project]);
    const known = this.#kept.get(key);
    const shelf = known ?? new Shelf(connection, project);
    this.#kept.set(key, shelf);
    this.#open.set(connection, shelf);
    if (!shelf.page && !shelf.load.busy) void shelf.open();
    if (!known) void shelf.openAbout();
    return shelf;
  }

  close = (connection: string): void => {
    this.#open.delete(connection);
  };

  /** Forgets what was read through a connection. */
  drop = (connection: string): void => {
    this.close(connection);
    for (const [key, shelf] of this.#kept) {
      if (shelf.connection !== connection) continue;
      shelf.load.clear();
      this.#kept.delete(key);
    }
  };
}

export const shelves = new Shelves();
