// Restores lost keyboard focus. If the focused element is removed, the nearest focusable ancestor gets the focus;
// if it was disabled for a while, it gets the focus back.

/** The last focused element and its ancestors, nearest first. */
let around: HTMLElement[] = [];
/** Their scroll offsets at that time. */
let tops: number[] = [];
/** Whether the focused element was disabled meanwhile. If the person moved the focus, it is not restored. */
let rested = false;

function reached({ target }: FocusEvent) {
  around = [];
  rested = false;
  for (let one = target as HTMLElement | null; one instanceof HTMLElement; one = one.parentElement) around.push(one);
  tops = around.map((one) => one.scrollTop);
}

function changed() {
  const [had] = around;
  if (!had) return;
  if (had.isConnected && had.matches(":disabled")) {
    rested = true;
    return;
  }
  if (document.activeElement !== document.body) return;
  if (had.isConnected) {
    if (rested) had.focus({ preventScroll: true });
    rested = false;
    return;
  }
  const left = around.filter((one) => one.isConnected);
  const scrolled = around.some((one, nth) => one.isConnected && one.scrollTop !== tops[nth]);
  around = [];
  const side = left.find((one) => one.matches("nav"));
  // The sidebar removes rows that are scrolled out of sight; that is no reason to move the focus.
  if (side && scrolled) return;
  const next =
    side?.querySelector<HTMLElement>("[data-row][tabindex='0']") ??
    left.find((one) => one.matches("[tabindex], main")) ??
    document.querySelector<HTMLElement>("main");
  const title = next?.matches("main") ? next.querySelector<HTMLElement>("h1") : null;
  if (title) focusTitle(title);
  else next?.focus({ preventScroll: true });
}

/** Focuses the main action of a page that was just opened, unless the person is at work elsewhere. */
export function takesFocus(action: HTMLElement): void {
  const { activeElement } = document;
  if (!activeElement || activeElement.matches("body, main, [role=tabpanel]")) action.focus({ preventScroll: true });
}

/** Focuses the first field that was refused. */
export function focusInvalid(form: ParentNode | null): void {
  form?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
}

/** A screen reader reads the title, and goes on from there. Orca passes over a heading that has the focus. */
function focusTitle(title: HTMLElement): void {
  const main = title.closest("main");
  title.id = "title";
  main?.setAttribute("aria-labelledby", title.id);
  main?.focus({ preventScroll: true });
}

/** Focuses the page in the main pane, whatever had the focus. */
export function focusPage(): void {
  const main = document.querySelector<HTMLElement>("main");
  const title = main?.querySelector<HTMLElement>("h1");
  if (title) focusTitle(title);
  else main?.focus({ preventScroll: true });
}

/** Focuses the page of this title, which was opened from the sidebar, by a shortcut or by a command. */
export function titleTakesFocus(title: HTMLElement): void {
  // A dialog, such as the commands, gives the focus back to where it was.
  const dialog = document.querySelector("dialog[open]");
  if (dialog) dialog.addEventListener("close", () => focusTitle(title), { once: true });
  else focusTitle(title);
}

/** A press elsewhere drops the focus on purpose. */
const pressed = () => (around = []);

export function keepFocus(): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  document.addEventListener("focusin", reached);
  document.addEventListener("pointerdown", pressed, true);
  return () => {
    observer.disconnect();
    document.removeEventListener("focusin", reached);
    document.removeEventListener("pointerdown", pressed, true);
  };
}
