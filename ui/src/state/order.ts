// The order of names: as the person's language has it, and `Client 2` before `Client 10`.

import type { App, Summary } from "../host";

/** One collator for all: of ten thousand names each takes part in many comparisons. */
export const { compare } = new Intl.Collator(undefined, { numeric: true });

export const byName = (a: Summary, b: Summary): number =>
  (a.provider_name === b.provider_name ? 0 : compare(a.provider_name, b.provider_name)) || compare(a.name, b.name);

/** By provider and name. The host tells them by name, which often is that already. */
export const sorted = (all: Summary[]): Summary[] => {
  const inOrder = all.every((one, at) => at === 0 || byName(all[at - 1] ?? one, one) <= 0);
  return inOrder ? all : [...all].sort(byName);
};

export const byAppName = (a: App, b: App): number => compare(a.name, b.name);
