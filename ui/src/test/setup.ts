import { configure } from "@testing-library/dom";
import "@testing-library/jest-dom/vitest";

// APIs that jsdom lacks and the components use.
class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Object.assign(globalThis, { ResizeObserver: Observer });
Object.assign(Element.prototype, {
  scrollIntoView() {},
  hasPointerCapture: () => false,
  setPointerCapture() {},
  releasePointerCapture() {},
});
if (!Element.prototype.animate)
  Object.assign(Element.prototype, {
    animate: () => ({ cancel() {}, finished: Promise.resolve() }),
    getAnimations: () => [],
  });

// The labels of a field. jsdom compares every node with every label, which takes a fifth of the time of a form's test.
for (const { prototype } of [HTMLInputElement, HTMLSelectElement, HTMLTextAreaElement, HTMLButtonElement])
  Object.defineProperty(prototype, "labels", {
    get(this: HTMLElement) {
      const labels = [...document.querySelectorAll("label")];
      return labels.filter((label) =>
        label.htmlFor ? label.htmlFor === this.id : label.querySelector("button, input, select, textarea") === this,
      );
    },
  });

// Dialogs and popovers, as far as they work without layout.
Object.assign(HTMLDialogElement.prototype, {
  showModal(this: HTMLDialogElement) {
    this.open = true;
    this.querySelector<HTMLElement>("[autofocus], input, button")?.focus();
  },
  close(this: HTMLDialogElement) {
    if (!this.open) return;
    this.open = false;
    this.dispatchEvent(new Event("close"));
  },
});
document.head.append(
  Object.assign(document.createElement("style"), { textContent: "[data-shown] { display: block !important }" }),
);
const shown = new Set<HTMLElement>();
function turn(popover: HTMLElement, newState: "open" | "closed") {
  if (shown.has(popover) === (newState === "open")) return;
  if (newState === "open") shown.add(popover);
  else shown.delete(popover);
  popover.toggleAttribute("data-shown", newState === "open");
  for (const name of ["beforetoggle", "toggle"]) popover.dispatchEvent(Object.assign(new Event(name), { newState }));
}
Object.assign(HTMLElement.prototype, {
  showPopover(this: HTMLElement) {
    turn(this, "open");
  },
  hidePopover(this: HTMLElement) {
    turn(this, "closed");
  },
});
const matches = Element.prototype.matches;
Element.prototype.matches = function (selector: string) {
  return selector === ":popover-open" ? shown.has(this as HTMLElement) : matches.call(this, selector);
};
document.addEventListener("click", (event) => {
  const trigger = (event.target as Element).closest("[popovertarget]");
  const popover = document.getElementById(trigger?.getAttribute("popovertarget") ?? "");
  if (popover) turn(popover, shown.has(popover) ? "closed" : "open");
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const popover of shown) {
    turn(popover, "closed");
    document.querySelector<HTMLElement>(`[popovertarget="${popover.id}"]`)?.focus();
  }
});

// An error message with the whole document would be unreadable.
// Generous, since a busy machine renders slowly.
configure({ asyncUtilTimeout: 15_000, getElementError: (message) => new Error(message ?? "") });
