// Readings of everything: which of them are under way, and what became newer meanwhile than what they will tell.

/** `heard` are connections that changed since it began; `newer` is whatever is here, or gone from here, by a later word. */
export type Reading = { nth: number; heard: Set<string>; newer: Set<string> };

export class Readings {
  #open = new Set<Reading>();
  #begun = 0;
  #shown = 0;

  begin(): Reading {
    const reading: Reading = { nth: (this.#begun += 1), heard: new Set(), newer: new Set() };
    this.#open.add(reading);
    return reading;
  }

  end = (reading: Reading): void => void this.#open.delete(reading);

  /** Ends it, and tells whether it is to be shown: what began later and was answered sooner stays. */
  take(reading: Reading): boolean {
    this.end(reading);
    if (this.late(reading)) return false;
    this.#shown = reading.nth;
    return true;
  }

  late = ({ nth }: Reading): boolean => nth < this.#shown;
  alone = (): boolean => this.#open.size === 1;

  heard(id: string): void {
    for (const { heard } of this.#open) heard.add(id);
  }

  newer(ids: Iterable<string>): void {
    for (const { newer } of this.#open) for (const id of ids) newer.add(id);
  }
}

/** What was read; but what is newer stays as it is now, there or gone. */
export const merged = <T extends { id: string }>(now: T[], read: T[], newer: Set<string>): T[] =>
  newer.size === 0 ? read : [...read.filter(({ id }) => !newer.has(id)), ...now.filter(({ id }) => newer.has(id))];
