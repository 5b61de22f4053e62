// Tells the host that the window is used, which delays the automatic lock of the vault.

import { host } from "../host";

/** The shortest time between two reports, in milliseconds. */
const PAUSE = 10_000;

/** Reports key presses, clicks and scrolling. Returns a function that stops it. */
export function recordInput(): () => void {
  let last = -Infinity;
  const report = () => {
    const now = performance.now();
    if (now - last < PAUSE) return;
    last = now;
    void host.recordInput().catch(() => undefined);
  };
  const kinds = ["keydown", "pointerdown", "wheel"];
  const options = { capture: true, passive: true };
  for (const kind of kinds) document.addEventListener(kind, report, options);
  return () => {
    for (const kind of kinds) document.removeEventListener(kind, report, options);
  };
}
