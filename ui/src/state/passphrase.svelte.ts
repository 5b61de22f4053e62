// A new passphrase, entered twice. What is wrong with it is said before it is used, and nothing that was typed is lost.

import type { Trouble } from "../host";
import { vault as words } from "../words";

/** As the core has it. */
const SHORTEST = 12;

export class Passphrase {
  word = $state("");
  again = $state("");
  /** Which of the two was left with something in it. */
  #left = $state({ word: false, again: false });

  short = $derived([...this.word].length < SHORTEST);
  differs = $derived(this.word !== this.again);

  leave = (which: "word" | "again"): void => {
    this.#left[which] = this[which] !== "";
  };

  /** Whether it can be used; if not, both fields say why. */
  check(): boolean {
    this.#left = { word: true, again: true };
    return !this.short && !this.differs;
  }

  clear(): void {
    this.word = this.again = "";
    this.unmark();
  }

  /** It is no new one, and may be as it is. */
  unmark(): void {
    this.#left = { word: false, again: false };
  }

  /** What is wrong with the first: as it is known here, or as the core says. */
  wrong = (trouble: Trouble | null): string | null => {
    if (this.#left.word && this.short) return words.short;
    return trouble?.field === "passphrase" ? [trouble.message, trouble.hint].filter(Boolean).join(" ") : null;
  };

  get wrongAgain(): string | null {
    return this.#left.again && this.differs ? words.differs : null;
  }
}
