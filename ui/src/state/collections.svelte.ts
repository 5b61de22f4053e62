// Content other than projects: collections, their items, and collections within items.

import { SvelteMap } from "svelte/reactivity";
import { host, type Collection, type Item, type Items } from "../host";
import { Load } from "./load.svelte";

/** The items of one collection, or of a collection within an item. */
export class CollectionLevel {
  readonly connection: string;
  readonly kind: Collection;
  readonly within: Item | null;
  load = new Load<Items>();
  chosen = $state<string | null>(null);

  get item(): Item | null {
    return this.load.data?.items.find((item) => item.id === this.chosen) ?? null;
  }

  constructor(connection: string, kind: Collection, within: Item | null) {
    this.connection = connection;
    this.kind = kind;
    this.within = within;
  }

  /** Shows the offline copy, then loads from the provider. */
  open = async (): Promise<void> => {
    await this.load.recall(() => host.items(this.connection, this.kind.id, this.within?.id ?? null, true, 0));
    await this.read();
  };

  read = (): Promise<void> =>
    this.load.run((call) => host.items(this.connection, this.kind.id, this.within?.id ?? null, false, call));
}

class ConnectionCollections {
  readonly connection: string;
  kinds = new Load<Collection[]>();
  /** From the outermost level to the current one. */
  path = $state.raw<CollectionLevel[]>([]);

  get level(): CollectionLevel | null {
    return this.path.at(-1) ?? null;
  }

  constructor(connection: string) {
    this.connection = connection;
  }

  read = async (): Promise<void> => {
    await this.kinds.run(() => host.collections(this.connection));
    const [first] = this.within(null);
    if (first && this.path.length === 0) this.enter(first, null);
  };

  /** The collections nested in this collection; the top-level ones for null. */
  within = (kind: string | null): Collection[] => (this.kinds.data ?? []).filter((other) => other.within === kind);

  enter = (kind: Collection, within: Item | null): void => {
    const level = new CollectionLevel(this.connection, kind, within);
    this.path = within ? [...this.path, level] : [level];
    void level.open();
  };

  /** Opens an item, wherever it is nested. */
  show = async (kind: string, within: string, id: string): Promise<void> => {
    if (!this.kinds.data) await this.read();
    const its = this.kinds.data?.find((one) => one.id === kind);
    const above = this.kinds.data?.find((one) => one.id === its?.within);
    if (!its) return;
    if (above) {
      const around = await host.items(this.connection, above.id, null, true, 0).catch(() => null);
      this.enter(above, null);
      this.enter(
        its,
        around?.items.find((one) => one.id === within) ?? { id: within, name: "", note: null, others: [] },
      );
    } else this.enter(its, null);
    if (this.level) this.level.chosen = id;
  };

  back = (): void => {
    this.level?.load.clear();
    this.path = this.path.slice(0, -1);
  };

  clear(): void {
    this.kinds.clear();
    for (const level of this.path) level.load.clear();
  }
}

/** Keeps the state of each while the window is open. */
class Collections {
  #all = new SvelteMap<string, ConnectionCollections>();

  of = (connection: string): ConnectionCollections | undefined => this.#all.get(connection);

  open = (connection: string): ConnectionCollections => {
    const known = this.#all.get(connection);
    if (known) return known;
    const opened = new ConnectionCollections(connection);
    this.#all.set(connection, opened);
    void opened.read();
    return opened;
  };

  drop = (connection: string): void => {
    this.#all.get(connection)?.clear();
    this.#all.delete(connection);
  };
}

export type { ConnectionCollections };
export const collections = new Collections();
