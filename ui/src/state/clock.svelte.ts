// The current time for display. Ticks each minute and at expiries; pauses while the window is hidden.

class Clock {
  now = $state.raw(new Date());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #next: (() => number | null) | undefined;

  /** Starts the clock. `next` returns the next time at which the display changes, apart from full minutes. */
  start(next: () => number | null): () => void {
    this.#next = next;
    const look = () => (document.hidden ? clearTimeout(this.#timer) : this.tick());
    document.addEventListener("visibilitychange", look);
    this.tick();
    return () => {
      document.removeEventListener("visibilitychange", look);
      clearTimeout(this.#timer);
    };
  }

  tick = (): void => {
    clearTimeout(this.#timer);
    this.now = new Date();
    const at = this.now.getTime();
    const minute = 60_000 - (at % 60_000);
    const named = this.#next?.();
    const wait = Math.min(minute, named != null && named > at ? named - at : minute);
    this.#timer = setTimeout(this.tick, wait + 20);
  };
}

export const clock = new Clock();
