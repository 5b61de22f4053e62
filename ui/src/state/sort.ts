// Sort order of names: by locale, with `Client 2` before `Client 10`.

import type { App, Summary } from "../host";

/** One shared collator: sorting 10,000 names takes many comparisons. */
export const { compare } = new Intl.Collator(undefined, { numeric: true });

/** Stable, so that names that the locale considers equal keep their order. */
const inOrder = <T>(all: T[], by: (a: T, b: T) => number): boolean =>
  all.every((one, at) => at === 0 || by(all[at - 1] ?? one, one) <= 0);

/** The list in this order. It is checked first: the host sends 10,000 names in an order that is often the same. */
export const ordered = <T>(all: T[], by: (a: T, b: T) => number): T[] => (inOrder(all, by) ? all : [...all].sort(by));

export const byName = (a: Summary, b: Summary): number => compare(a.name, b.name);

/** Sorted by name. */
export const sorted = (all: Summary[]): Summary[] => ordered(all, byName);

export const byAppName = (a: App, b: App): number => compare(a.name, b.name);
