// Names, notes and the person's own order of connections.

import { asTrouble, host, type ConnectionEdit } from "../host";
import { appStore } from "./appStore.svelte";
import { sidebar } from "./sidebar.svelte";
import { common, side } from "../words";

class Arrangement {
  /** Orders are stored one after the other: a later one must not be overtaken. */
  #stored: Promise<unknown> = Promise.resolve();

  /** Whether any connection has a place in the person's own order. */
  isOwn = $derived(appStore.connections.some((one) => one.annotations.position !== null));

  /** Changes a connection, and reports a failure as a notice. */
  edit = async (id: string, edit: ConnectionEdit): Promise<void> => {
    try {
      await host.editConnection(id, edit);
      await appStore.reload(id);
    } catch (thrown) {
      appStore.notify(common.notSaved, asTrouble(thrown));
    }
  };

  /**
   * Moves a connection up (-1) or down (1) among the listed ones of its group. Returns its new place from 1 on, and the
   * size of the group; null if it cannot move further.
   */
  move = (id: string, by: 1 | -1): { place: number; of: number } | null => {
    const within = (groups: typeof sidebar.all) =>
      groups
        .map(({ rows }) => rows.filter((row) => row.kind === "connection").map((row) => row.id))
        .find((ids) => ids.includes(id)) ?? [];
    const listed = within(sidebar.groups);
    const beside = listed[listed.indexOf(id) + by];
    if (beside === undefined) return null;
    const ids = within(sidebar.all).filter((other) => other !== id);
    ids.splice(ids.indexOf(beside) + (by === 1 ? 1 : 0), 0, id);
    this.#place(ids, false);
    return { place: listed.indexOf(id) + by + 1, of: listed.length };
  };

  sortByName = (): void =>
    this.#place(
      appStore.connections.map(({ id }) => id),
      true,
    );

  #place(ids: string[], byName: boolean): void {
    appStore.place(ids, byName);
    this.#stored = this.#stored
      .then(() => host.arrangeConnections(ids, byName))
      .catch((thrown: unknown) => {
        appStore.notify(side.notArranged, asTrouble(thrown));
        return appStore.handleEvent({ kind: "apps" });
      });
  }
}

/** The connection whose details are being edited. */
class Editor {
  of = $state<string | null>(null);
}

export const arrangement = new Arrangement();
export const editor = new Editor();
