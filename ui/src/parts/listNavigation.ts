// Keyboard navigation of a list: arrow keys, Home, End, type-ahead.

const PAUSE = 700;

/** Moves the focus for a key. Returns whether the key was handled. */
export function listNavigation(): (event: KeyboardEvent, items: HTMLElement[]) => boolean {
  let typed = "";
  let timer: ReturnType<typeof setTimeout> | undefined;

  function find(items: HTMLElement[], at: number, letter: string) {
    typed += letter.toLocaleLowerCase();
    clearTimeout(timer);
    timer = setTimeout(() => (typed = ""), PAUSE);
    const order = [...items.slice(at + (typed.length === 1 ? 1 : 0)), ...items.slice(0, at + 1)];
    order.find((item) => item.textContent?.trim().toLocaleLowerCase().startsWith(typed))?.focus();
  }

  return (event, items) => {
    const at = items.indexOf(document.activeElement as HTMLElement);
    const last = items.length - 1;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? last : at - 1,
      Home: 0,
      End: last,
      PageDown: at + 10,
      PageUp: at - 10,
    }[event.key];
    const letter =
      event.key.length === 1 &&
      !event.ctrlKey &&
      !event.altKey &&
      !event.metaKey &&
      (event.key !== " " || typed !== "");
    if (to !== undefined) items[Math.max(0, Math.min(last, to))]?.focus();
    else if (letter) find(items, at, event.key);
    else return false;
    event.preventDefault();
    return true;
  };
}
