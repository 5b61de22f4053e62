// The command palette: whether it is open, and what a source of its lines is.

/** One line of it. */
export type Found = { id: string; label: string; note?: string; icon: string; tone?: string; act: () => unknown };

/**
 * Where results come from: a title for them, and a search. A search that takes time answers with a promise, and stops
 * when the signal says that nobody waits any more.
 */
export type Source = { title: string; find: (text: string, signal: AbortSignal) => Found[] | Promise<Found[]> };

class Palette {
  open = $state(false);
}

export const palette = new Palette();

/** Whether every word of `wanted` is somewhere in the texts. */
export function fits(wanted: string, ...texts: (string | undefined)[]): boolean {
  const whole = texts.join(" ").toLocaleLowerCase();
  return wanted
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => whole.includes(word));
}
