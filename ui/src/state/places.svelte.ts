// The projects of each connection, as they were last read.

import { SvelteMap } from "svelte/reactivity";
import { host, type Projects } from "../host";
import { Load } from "./load.svelte";

class Places {
  #all = new SvelteMap<string, Load<Projects>>();

  of = (connection: string): Load<Projects> | undefined => this.#all.get(connection);

  /** Reads them, keeping what was read before until the answer is here. */
  read = (connection: string): Promise<void> => {
    const load = this.#all.get(connection) ?? new Load<Projects>();
    this.#all.set(connection, load);
    return load.run((call) => host.projects(connection, call));
  };

  /** Forgets what was read. */
  drop = (connection: string): void => {
    this.#all.get(connection)?.clear();
    this.#all.delete(connection);
  };
}

export const places = new Places();
