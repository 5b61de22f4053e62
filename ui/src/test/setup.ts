import { configure } from "@testing-library/dom";
import "@testing-library/jest-dom/vitest";

// What jsdom lacks and the parts ask for.
class Observer {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Object.assign(globalThis, { ResizeObserver: Observer });
Object.assign(Element.prototype, { scrollIntoView() {}, hasPointerCapture: () => false, setPointerCapture() {}, releasePointerCapture() {} });
if (!Element.prototype.animate) Object.assign(Element.prototype, { animate: () => ({ cancel() {}, finished: Promise.resolve() }), getAnimations: () => [] });

// A whole window in an error message helps nobody.
// A busy machine is slow to draw, and that is no failure.
configure({ asyncUtilTimeout: 5000, getElementError: (message) => new Error(message ?? "") });
