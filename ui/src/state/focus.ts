// Where the keyboard is. What has it may go away by its own press, or rest while it works: then the nearest of its surroundings
// that can take the keyboard does, or it has it back.

/** A way to the surroundings of what was last reached, nearest first. */
let around: HTMLElement[] = [];
/** How far each of these was scrolled by then. */
let tops: number[] = [];
/** Whether it could not be used for a while. Whoever left it by themselves does not get it back. */
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
  // The sidebar draws only the rows in sight, and whoever scrolls it wants nothing else.
  if (side && scrolled) return;
  const next =
    side?.querySelector<HTMLElement>("[data-row][tabindex='0']") ??
    left.find((one) => one.matches("[tabindex], main")) ??
    document.querySelector<HTMLElement>("main");
  next?.focus({ preventScroll: true });
}

/** A press elsewhere means it. */
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
