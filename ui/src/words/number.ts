// Numbers in texts.

import { numbers } from "./locale";

const digits = numbers();
const tenths = numbers({ minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const number = (value: number): string => digits.format(value);

/** `12.4 MB`. */
export const size = (bytes: number): string => `${tenths.format(bytes / 1e6)} MB`;

/** `412 B`, `2.1 KB`, `20.4 MB`. */
export const bytes = (value: number): string =>
  value < 1000 ? `${digits.format(value)} B` : value < 1e6 ? `${tenths.format(value / 1000)} KB` : size(value);

/** `120 ms`, `1.2 s`. */
export const duration = (ms: number): string =>
  ms < 1000 ? `${digits.format(Math.round(ms))} ms` : `${tenths.format(ms / 1000)} s`;

export const count = (value: number, one: string, many: string): string =>
  `${number(value)} ${value === 1 ? one : many}`;

/** `a, b and c`. */
export const list = (items: string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** `Grigora’s`, `GroveStreams’`. */
export const of = (name: string): string => (name.endsWith("s") ? `${name}’` : `${name}’s`);
