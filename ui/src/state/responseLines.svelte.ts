// The lines of one layout of a response. The body stays with the host; here are the lines around those in sight.

import { asTrouble, host, type ResponseLayout, type ResponseLine, type Trouble } from "../host";
import { FoldedLines, type Fold } from "./foldedLines";

/** Lines per piece, and the number of pieces that are kept. */
const PIECE = 50;
const MAX_PIECES = 400;
/** The most pieces that the host answers at once. */
const MAX_ASKED = 8;
/** The most entries that are folded one by one. With more, the whole is folded. */
const MAX_FOLDED_ENTRIES = 400;
/** The most lines that are read to fold those within others, too; they are kept for when the outer one is opened. */
const MAX_READ_LINES = 10_000;

export type Row = { row: number; line: ResponseLine; folded: boolean };

export class ResponseLines {
  readonly layout: ResponseLayout;
  folds: FoldedLines;
  /** The rows that are shown: those of `want`, or the ones before until all of those are loaded. */
  rows = $state.raw<Row[]>([]);
  /** Incremented when rows are folded or opened. */
  turn = $state(0);
  /** The length of the longest line so far, in characters. */
  longest = $state(0);
  trouble = $state.raw<Trouble | null>(null);
  /** The current row. */
  current = $state(0);
  readonly #exchange: string;
  readonly #reopen: () => Promise<unknown>;
  /** The pieces, the least recently used first. */
  #pieces = new Map<number, ResponseLine[]>();
  #wanted: [number, number] = [0, 0];
  #busy = false;

  /** `reopen` makes the host hold the response again, which holds only the last few. */
  constructor(exchange: string, layout: ResponseLayout, total: number, reopen: () => Promise<unknown>) {
    this.#exchange = exchange;
    this.layout = layout;
    this.folds = new FoldedLines(total);
    this.#reopen = reopen;
  }

  /** Shows the rows from `from` to `to`, as soon as all of them are loaded, and loads as many around them. */
  want = async (from: number, to: number): Promise<void> => {
    this.#wanted = [Math.max(0, from), Math.min(this.folds.rows, to)];
    this.#show();
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let missing = this.#missing(); missing.length; missing = this.#missing()) {
        await this.#load(missing);
        this.#show();
      }
      this.trouble = null;
    } catch (thrown) {
      this.trouble = asTrouble(thrown);
    } finally {
      this.#busy = false;
    }
  };

  /** Tries again after an error. */
  again = (): Promise<void> => this.want(...this.#wanted);

  toggle(line: ResponseLine): void {
    if (line.fold_end === null) return;
    this.#turn(
      this.folds.isFolded(line.number)
        ? this.folds.without(line.number)
        : this.folds.with({ start: line.number, end: line.fold_end }),
    );
  }

  unfoldAll = (): void => this.#turn(new FoldedLines(this.folds.total));

  /** Folds everything within the whole; of a long text, its entries, or, where they are many, the whole. */
  foldAll = async (): Promise<void> => {
    try {
      const whole = await this.#line(0);
      if (whole.fold_end === null) return;
      const found: Fold[] = [];
      if ((whole.hidden ?? 0) > MAX_FOLDED_ENTRIES) found.push({ start: 0, end: whole.fold_end });
      if (this.folds.total <= MAX_READ_LINES)
        for (const { number, fold_end } of await this.#all())
          if (number > 0 && fold_end !== null) found.push({ start: number, end: fold_end });
      if (found.length === 0)
        for (let at = 1; at < whole.fold_end;) {
          const { fold_end } = await this.#line(at);
          if (fold_end !== null) found.push({ start: at, end: fold_end });
          at = (fold_end ?? at) + 1;
        }
      this.#turn(new FoldedLines(this.folds.total, found));
    } catch (thrown) {
      this.trouble = asTrouble(thrown);
    }
  };

  /** Opens the folds around a line, and returns its row. */
  reveal(line: number): number {
    if (this.folds.line(this.folds.row(line)) !== line) this.#turn(this.folds.reveal(line));
    this.current = this.folds.row(line);
    return this.current;
  }

  /** The line of a row, if it is loaded. */
  at(row: number): ResponseLine | undefined {
    const number = this.folds.line(row);
    return this.#pieces.get(Math.floor(number / PIECE))?.[number % PIECE];
  }

  #turn(folds: FoldedLines): void {
    const line = this.folds.line(this.current);
    this.folds = folds;
    this.current = folds.row(line);
    this.turn += 1;
  }

  async #line(number: number): Promise<ResponseLine> {
    const piece = Math.floor(number / PIECE);
    if (!this.#pieces.has(piece)) await this.#load([piece]);
    const line = this.#pieces.get(piece)?.[number % PIECE];
    if (!line) throw new Error("The line is missing.");
    return line;
  }

  async #all(): Promise<ResponseLine[]> {
    const pieces = Array.from({ length: Math.ceil(this.folds.total / PIECE) }, (_, piece) => piece);
    const missing = pieces.filter((piece) => !this.#pieces.has(piece));
    while (missing.length) await this.#load(missing.splice(0, MAX_ASKED));
    return pieces.flatMap((piece) => this.#pieces.get(piece) ?? []);
  }

  #show(): void {
    const rows: Row[] = [];
    const [from, to] = [this.#wanted[0], Math.min(this.#wanted[1], this.folds.rows)];
    for (let row = from; row < to; row += 1) {
      const line = this.at(row);
      if (!line) return;
      rows.push({ row, line, folded: this.folds.isFolded(line.number) });
    }
    this.rows = rows;
    for (const { line } of rows) this.longest = Math.max(this.longest, line.text.length + 2 * line.indent);
  }

  /** The pieces to load next: first those of the rows in sight, then those of as many rows below and above. */
  #missing(): number[] {
    const [from, to] = this.#wanted;
    const count = Math.min(to - from, 100);
    const missing = (first: number, last: number) => {
      const found = new Set<number>();
      for (let row = Math.max(0, first); row < Math.min(this.folds.rows, last); row += 1) {
        const piece = Math.floor(this.folds.line(row) / PIECE);
        const held = this.#pieces.get(piece);
        if (!held) found.add(piece);
        else if (first === from) this.#touch(piece, held);
      }
      return [...found].slice(0, MAX_ASKED);
    };
    const inSight = missing(from, to);
    if (inSight.length) return inSight;
    const below = missing(to, to + count);
    return below.length ? below : missing(from - count, from);
  }

  #touch(piece: number, lines: ResponseLine[]): void {
    this.#pieces.delete(piece);
    this.#pieces.set(piece, lines);
  }

  async #load(pieces: number[]): Promise<void> {
    const ranges = pieces.map((piece) => ({
      start: piece * PIECE,
      count: Math.min(PIECE, this.folds.total - piece * PIECE),
    }));
    const ask = () => host.responseLines(this.#exchange, this.layout, ranges);
    const lines = await ask().catch(async (thrown: unknown) => {
      if (asTrouble(thrown).code !== "not_found") throw thrown;
      await this.#reopen();
      return ask();
    });
    for (const { start, count } of ranges) {
      const found = lines.filter(({ number }) => number >= start && number < start + count);
      if (found.length < count) throw new Error("Lines of the response are missing.");
      this.#touch(start / PIECE, found);
    }
    for (const piece of this.#pieces.keys()) {
      if (this.#pieces.size <= MAX_PIECES) break;
      this.#pieces.delete(piece);
    }
  }
}
