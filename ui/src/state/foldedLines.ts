// Folding of a long text: which of its lines are shown as rows. A fold keeps its first line and hides the others.
// Works on the folds alone, so that a text of a million lines costs nothing.

/** A fold: its first line and the last line that it hides. */
export type Fold = { start: number; end: number };

type Outer = Fold & {
  /** Lines that the folds before this one hide. */
  before: number;
};

export class FoldedLines {
  readonly total: number;
  /** All folds by their first line, also those within others, which stay folded when the outer one is opened. */
  readonly #folds: ReadonlyMap<number, number>;
  /** The folds that are in no other one, in order. */
  readonly #outer: Outer[] = [];
  /** The number of rows that are shown. */
  readonly rows: number;

  constructor(total: number, folds: Iterable<Fold> = []) {
    this.total = total;
    this.#folds = new Map([...folds].map(({ start, end }) => [start, end]));
    let [hidden, last] = [0, -1];
    for (const [start, end] of [...this.#folds].sort(([a], [b]) => a - b)) {
      if (start <= last) continue;
      this.#outer.push({ start, end, before: hidden });
      hidden += end - start;
      last = end;
    }
    this.rows = total - hidden;
  }

  isFolded = (line: number): boolean => this.#folds.has(line);
  get any(): boolean {
    return this.#folds.size > 0;
  }

  /** The line that a row shows. */
  line(row: number): number {
    const fold = this.#last(({ start, before }) => start - before < row);
    return fold ? row + fold.before + fold.end - fold.start : row;
  }

  /** The row that shows a line, or the fold that hides it. */
  row(line: number): number {
    const fold = this.#last(({ start }) => start < line);
    if (!fold) return line;
    return line <= fold.end ? fold.start - fold.before : line - fold.before - (fold.end - fold.start);
  }

  with = (...added: Fold[]): FoldedLines => new FoldedLines(this.total, [...this.#all(), ...added]);
  without = (start: number): FoldedLines =>
    new FoldedLines(
      this.total,
      this.#all().filter((fold) => fold.start !== start),
    );
  /** Opens the folds that hide a line. */
  reveal = (line: number): FoldedLines =>
    new FoldedLines(
      this.total,
      this.#all().filter(({ start, end }) => !(start < line && line <= end)),
    );

  #all = (): Fold[] => [...this.#folds].map(([start, end]) => ({ start, end }));

  /** The last outer fold for which `is` holds; it holds for a beginning of them. */
  #last(is: (fold: Outer) => boolean): Outer | undefined {
    let [low, high] = [0, this.#outer.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const fold = this.#outer[middle];
      if (fold && is(fold)) low = middle + 1;
      else high = middle;
    }
    return this.#outer[low - 1];
  }
}
