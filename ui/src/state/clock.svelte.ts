// Now, as the window shows it: it moves at each minute and when a token expires, and rests while nobody looks.

class Clock {
  now = $state.raw(new Date());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #next: (() => number | null) | undefined;

  /** Starts. `next` names the next moment, besides the full minutes, at which something on the screen changes. */
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
