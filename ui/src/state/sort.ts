// Sort order of names: by locale, with `Client 2` before `Client 10`.

import type { App, Summary } from "../host";

/** One shared collator: sorting 10,000 names takes many comparisons. */
export const { compare } = new Intl.Collator(undefined, { numeric: true });

export const byName = (a: Summary, b: Summary): number =>
  (a.provider_name === b.provider_name ? 0 : compare(a.provider_name, b.provider_name)) || compare(a.name, b.name);

/** Sorted by provider and name. The host sends them by name, which is often the same. */
export const sorted = (all: Summary[]): Summary[] => {
  const inOrder = all.every((one, at) => at === 0 || byName(all[at - 1] ?? one, one) <= 0);
  return inOrder ? all : [...all].sort(byName);
};

export const byAppName = (a: App, b: App): number => compare(a.name, b.name);
