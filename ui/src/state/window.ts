// Which rows of a long list are drawn: those in sight and a few around them. Every row is as high as the next.

export type Window = { from: number; to: number; before: number; after: number };

const SPARE = 12;

export function rowsInSight(total: number, row: number, scrolled: number, height: number): Window {
  if (total === 0 || row <= 0) return { from: 0, to: 0, before: 0, after: 0 };
  const first = Math.floor(Math.max(0, scrolled) / row);
  const from = Math.max(0, Math.min(first, total - 1) - SPARE);
  const to = Math.min(total, first + Math.ceil(height / row) + SPARE);
  return { from, to: Math.max(from, to), before: from * row, after: (total - Math.max(from, to)) * row };
}

/** Where to scroll so that a row is wholly in sight, `head` being covered at the top. */
export function scrollTo(index: number, row: number, scrolled: number, height: number, head: number): number {
  const top = index * row;
  if (top < scrolled) return top;
  const bottom = top + row + head;
  return bottom > scrolled + height ? bottom - height : scrolled;
}
