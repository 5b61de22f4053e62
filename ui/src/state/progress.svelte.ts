// How far long lists are on their way, as the host tells it.

import { SvelteMap } from "svelte/reactivity";
import type { Progress } from "../host";

const key = (connection: string, project: string): string => JSON.stringify([connection, project]);

class Underway {
  #all = new SvelteMap<string, Progress>();

  of = (connection: string, project: string): Progress | undefined => this.#all.get(key(connection, project));
  heard = (progress: Progress): unknown => this.#all.set(key(progress.connection_id, progress.project_id), progress);
  end = (connection: string, project: string): unknown => this.#all.delete(key(connection, project));
}

export const underway = new Underway();
