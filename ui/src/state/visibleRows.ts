// Windowing of long lists with rows of equal height: the visible rows and a few around them.

export type VisibleRows = { from: number; to: number; before: number; after: number };

const SPARE = 6;

export function visibleRows(total: number, row: number, scrolled: number, height: number): VisibleRows {
  if (total === 0 || row <= 0) return { from: 0, to: 0, before: 0, after: 0 };
  const first = Math.floor(Math.max(0, scrolled) / row);
  const from = Math.max(0, Math.min(first, total - 1) - SPARE);
  const to = Math.min(total, first + Math.ceil(height / row) + SPARE);
  return { from, to: Math.max(from, to), before: from * row, after: (total - Math.max(from, to)) * row };
}

/** The scroll offset that makes a row fully visible, with `head` pixels covered at the top. */
export function scrollOffsetFor(index: number, row: number, scrolled: number, height: number, head: number): number {
  const top = index * row;
  if (top < scrolled) return top;
  const bottom = top + row + head;
  return bottom > scrolled + height ? bottom - height : scrolled;
}
