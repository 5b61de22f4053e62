// The width of the sidebar, in rem; kept on this computer.

const KEY = "sidebar-width";
export const LEAST = 11;
export const MOST = 30;
/** The default; in a narrow window it is less (`--sidebar`). */
const USUAL = 17;

function kept(): number | null {
  const width = Number(localStorage.getItem(KEY));
  return width >= LEAST && width <= MOST ? width : null;
}

class SidebarWidth {
  #chosen = $state<number | null>(kept());
  rem = $derived(this.#chosen ?? USUAL);

  set = (rem: number): void => {
    this.#chosen = Math.round(Math.max(LEAST, Math.min(MOST, rem)) * 4) / 4;
    localStorage.setItem(KEY, String(this.#chosen));
    this.apply();
  };

  reset = (): void => {
    this.#chosen = null;
    localStorage.removeItem(KEY);
    this.apply();
  };

  /** The page beside it keeps more than half of the window. */
  apply = (): void => {
    const { style } = document.documentElement;
    if (this.#chosen === null) style.removeProperty("--sidebar");
    else style.setProperty("--sidebar", `min(${this.#chosen}rem, 42vw)`);
  };
}

export const sidebarWidth = new SidebarWidth();
