// Download progress of long lists, as reported by the host.

import { SvelteMap } from "svelte/reactivity";
import type { Progress } from "../host";

const key = (connection: string, project: string): string => JSON.stringify([connection, project]);

class Downloads {
  #all = new SvelteMap<string, Progress>();

  of = (connection: string, project: string): Progress | undefined => this.#all.get(key(connection, project));
  update = (progress: Progress): unknown => this.#all.set(key(progress.connection_id, progress.project_id), progress);
  end = (connection: string, project: string): unknown => this.#all.delete(key(connection, project));
}

export const downloads = new Downloads();
