// Refreshes and reconnects started by the person, by connection.

import { SvelteMap } from "svelte/reactivity";
import type { Summary, Trouble } from "../host";
import { host } from "../host";
import { Action } from "./action.svelte";
import { connect, signInAction } from "./signIn.svelte";
import { appStore } from "./appStore.svelte";

class ConnectionActions {
  #acts = new SvelteMap<string, Action>();

  busy = (id: string): boolean => this.#acts.get(id)?.busy ?? false;

  trouble = (id: string): Trouble | null => this.#acts.get(id)?.trouble ?? null;

  /** Refreshes now; ignored while a refresh is running. */
  refresh = (id: string): Promise<boolean> =>
    this.#act(id).run(async () => {
      try {
        await host.refresh(id);
      } finally {
        await appStore.reload(id);
      }
    });

  reconnect = (summary: Summary, anotherAccount = false): Promise<boolean> =>
    this.#act(summary.id).run(async () => {
      await connect(summary.app_id, summary.id, anotherAccount ? { another_account: true } : {});
      const { trouble } = signInAction(summary.app_id);
      if (trouble) throw trouble;
    });

  #act(id: string): Action {
    const act = this.#acts.get(id) ?? new Action();
    this.#acts.set(id, act);
    return act;
  }
}

export const connectionActions = new ConnectionActions();
