// The projects of each connection.

import { SvelteMap } from "svelte/reactivity";
import { host, type Projects } from "../host";
import { appStore } from "./appStore.svelte";
import { Load } from "./load.svelte";

const authorized = (connection: string): string[] => appStore.details.get(connection)?.project_ids ?? [];

class ProjectLists {
  #all = new SvelteMap<string, Load<Projects>>();
  /** Connections whose provider was queried, with the projects that were authorized then. */
  #asked = new SvelteMap<string, string[]>();

  of = (connection: string): Load<Projects> | undefined => this.#all.get(connection);

  /** Shows the offline copy, then loads from the provider, unless it was asked for these projects. */
  open = async (connection: string): Promise<void> => {
    if (this.wasAsked(connection)) return;
    this.#noteAsked(connection);
    await this.recall(connection);
    await this.read(connection);
  };

  /** Shows the offline copy without a request. */
  recall = async (connection: string): Promise<void> => {
    const load = this.#load(connection);
    if (!load.data) await load.recall(() => host.projects(connection, true, 0));
  };

  /** Whether the provider was asked since the last project was authorized. It may leave some out of its list. */
  wasAsked = (connection: string): boolean => {
    const asked = this.#asked.get(connection);
    const load = this.#all.get(connection);
    if (!asked || load?.busy) return asked !== undefined;
    return authorized(connection).every(
      (id) => asked.includes(id) || load?.data?.projects.some((project) => project.id === id),
    );
  };

  /** Loads from the provider; the old list stays until the response arrives. */
  read = (connection: string): Promise<void> => {
    this.#noteAsked(connection);
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

  #noteAsked = (connection: string): void => void this.#asked.set(connection, authorized(connection));

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
