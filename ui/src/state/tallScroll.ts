// Scrolling through more rows than an element can be high: beyond a limit, the scrollbar is in proportion to the rows.

/**
 * The height of an element that every engine lays out, in CSS pixels. Firefox stops at 17.8 million, WebKit and
 * Chromium at 33.5 million, of physical pixels.
 */
const MAX_HEIGHT = 15_000_000;

export type TallScroll = {
  /** The height of the element that scrolls, in pixels. */
  height: number;
  /** The offset in all rows, in pixels, for a scroll offset of the element. */
  offset: (scrollTop: number) => number;
  /** The scroll offset of the element that shows this offset in all rows. */
  scrollTop: (offset: number) => number;
};

export function tallScroll(rows: number, rowHeight: number, viewport: number, max = MAX_HEIGHT): TallScroll {
  const whole = rows * rowHeight;
  const height = Math.min(whole, max);
  const [room, scrolled] = [Math.max(0, whole - viewport), Math.max(0, height - viewport)];
  const factor = scrolled > 0 ? room / scrolled : 1;
  const within = (offset: number, most: number) => Math.max(0, Math.min(most, offset));
  return {
    height,
    offset: (scrollTop) => within(scrollTop * factor, room),
    scrollTop: (offset) => within(offset, room) / factor,
  };
}
