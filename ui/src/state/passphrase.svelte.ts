// A new passphrase with confirmation. Validated before it is sent, so that nothing typed is lost.

import type { Trouble } from "../host";
import { vault as words } from "../words";

/** Minimum length in characters, as in the core. */
const SHORTEST = 12;

export class Passphrase {
  value = $state("");
  again = $state("");
  /** Which of the two fields lost the focus with text in it. */
  #left = $state({ value: false, again: false });

  /** How many characters are missing. */
  missing = $derived(Math.max(0, SHORTEST - [...this.value].length));
  short = $derived(this.missing > 0);
  differs = $derived(this.value !== this.again);

  leave = (which: "value" | "again"): void => {
    this.#left[which] = this[which] !== "";
  };

  /** Validates both fields and shows their errors. */
  check(): boolean {
    this.#left = { value: true, again: true };
    return !this.short && !this.differs;
  }

  clear(): void {
    this.value = this.again = "";
    this.unmark();
  }

  /** Hides the errors, for a passphrase that is not new. */
  unmark(): void {
    this.#left = { value: false, again: false };
  }

  /** The error of the first field: found here, or reported by the core. */
  wrong = (trouble: Trouble | null): string | null => {
    if (this.#left.value && this.short) return words.short;
    return trouble?.field === "passphrase" ? [trouble.message, trouble.hint].filter(Boolean).join(" ") : null;
  };

  get wrongAgain(): string | null {
    return this.#left.again && this.differs ? words.differs : null;
  }
}
