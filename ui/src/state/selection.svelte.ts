// The connections that are selected in the sidebar.

import { SvelteSet } from "svelte/reactivity";
import { appStore } from "./appStore.svelte";

class Selection {
  #ids = new SvelteSet<string>();
  /** Where a range begins. */
  #anchor: string | null = null;

  /** The selected connections that exist. */
  connections = $derived(appStore.connections.filter(({ id }) => this.#ids.has(id)));

  has = (id: string): boolean => this.#ids.has(id);

  toggle = (id: string): void => {
    if (!this.#ids.delete(id)) this.#ids.add(id);
    this.#anchor = id;
  };

  /** Selects from the anchor to `id`, in the order of the list, and nothing else. */
  extend = (id: string, listed: string[]): void => {
    this.#anchor ??= id;
    const [at, to] = [listed.indexOf(this.#anchor), listed.indexOf(id)];
    if (to < 0) return;
    const from = at < 0 ? to : at;
    this.#set(listed.slice(Math.min(from, to), Math.max(from, to) + 1));
  };

  /** Makes a row the start of ranges. */
  begin = (id: string): void => void (this.#anchor = id);

  all = (listed: string[]): void => this.#set(listed);

  clear = (): void => this.#set([]);

  #set(ids: string[]): void {
    this.#ids.clear();
    for (const id of ids) this.#ids.add(id);
  }
}

export const selection = new Selection();
