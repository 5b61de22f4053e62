// The command palette: whether it is open, and the types of its sources.

/** A result in the palette. */
export type PaletteItem = { id: string; label: string; note?: string; icon: string; tone?: string; act: () => unknown };

/**
 * A group of results with a title. A slow search returns a promise and stops when the signal
 * is aborted.
 */
export type PaletteSource = {
  title: string;
  find: (text: string, signal: AbortSignal) => PaletteItem[] | Promise<PaletteItem[]>;
};

class Palette {
  open = $state(false);
}

export const palette = new Palette();

/** Whether the texts contain every word of `wanted`. */
export function matches(wanted: string, ...texts: (string | undefined)[]): boolean {
  const whole = texts.join(" ").toLocaleLowerCase();
  return wanted
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => whole.includes(word));
}
