// Renewals and new sign-ins that a person asked for, connection by connection.

import { SvelteMap } from "svelte/reactivity";
import type { Summary, Trouble } from "../host";
import { host } from "../host";
import { Act } from "./act.svelte";
import { connect, starting } from "./connecting.svelte";
import { world } from "./world.svelte";

class Refreshing {
  #acts = new SvelteMap<string, Act>();

  busy = (id: string): boolean => this.#acts.get(id)?.busy ?? false;

  trouble = (id: string): Trouble | null => this.#acts.get(id)?.trouble ?? null;

  /** Renews now; a second press while it is under way does nothing. */
  refresh = (id: string): Promise<boolean> =>
    this.#act(id).run(async () => {
      try {
        await host.refresh(id);
      } finally {
        await world.reload(id);
      }
    });

  reconnect = (summary: Summary, anotherAccount = false): Promise<boolean> =>
    this.#act(summary.id).run(async () => {
      await connect(summary.app_id, summary.id, anotherAccount);
      const { trouble } = starting(summary.app_id);
      if (trouble) throw trouble;
    });

  #act(id: string): Act {
    const act = this.#acts.get(id) ?? new Act();
    this.#acts.set(id, act);
    return act;
  }
}

export const refreshing = new Refreshing();
