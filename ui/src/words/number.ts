// Numbers in texts.

import { numbers } from "./locale";

const digits = numbers();
const tenths = numbers({ minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const number = (value: number): string => digits.format(value);

/** `12.4 MB`. */
export const size = (bytes: number): string => `${tenths.format(bytes / 1e6)} MB`;

export const count = (value: number, one: string, many: string): string =>
  `${number(value)} ${value === 1 ? one : many}`;

/** `a, b and c`. */
export const list = (items: string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** `Grigora’s`, `GroveStreams’`. */
export const of = (name: string): string => (name.endsWith("s") ? `${name}’` : `${name}’s`);
