// The projects of each connection.

import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { host, type Projects } from "../host";
import { Load } from "./load.svelte";

class ProjectLists {
  #all = new SvelteMap<string, Load<Projects>>();
  /** Connections whose provider was queried. */
  #asked = new SvelteSet<string>();

  of = (connection: string): Load<Projects> | undefined => this.#all.get(connection);

  /** Shows the offline copy, then loads from the provider, once while the window is open. */
  open = async (connection: string): Promise<void> => {
    if (this.#asked.has(connection)) return;
    this.#asked.add(connection);
    await this.recall(connection);
    await this.read(connection);
  };

  /** Shows the offline copy without a request. */
  recall = async (connection: string): Promise<void> => {
    const load = this.#load(connection);
    if (!load.data) await load.recall(() => host.projects(connection, true, 0));
  };

  wasAsked = (connection: string): boolean => this.#asked.has(connection);

  /** Loads from the provider; the old list stays until the response arrives. */
  read = (connection: string): Promise<void> => {
    this.#asked.add(connection);
    return this.#load(connection).run((call) => host.projects(connection, false, call));
  };

  /** Sets the number of posts of a project. */
  count = (connection: string, project: string, posts: number): void => {
    const load = this.#all.get(connection);
    if (load?.data)
      load.data = {
        ...load.data,
        projects: load.data.projects.map((one) => (one.id === project ? { ...one, posts } : one)),
      };
  };

  #load(connection: string): Load<Projects> {
    const load = this.#all.get(connection) ?? new Load<Projects>();
    this.#all.set(connection, load);
    return load;
  }

  /** Drops the data of a connection. */
  drop = (connection: string): void => {
    this.#all.get(connection)?.clear();
    this.#all.delete(connection);
    this.#asked.delete(connection);
  };
}

export const projectLists = new ProjectLists();
