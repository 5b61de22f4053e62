// What the host tells the page on its own, to one listener.

export class Signal<T> {
  #heard: ((value: T) => void) | null = null;

  emit = (value: T): void => this.#heard?.(value);

  listen(heard: (value: T) => void): () => void {
    this.#heard = heard;
    return () => (this.#heard = null);
  }
}
