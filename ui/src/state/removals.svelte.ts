// Removing apps and connections with undo. They leave the lists at once; the host removes them when the time for undo
// is over. Until then nothing is deleted or revoked, and nothing is removed if the program ends before.

import { asTrouble, host, type App, type Revocation, type Summary, type Trouble } from "../host";
import { collections } from "./collections.svelte";
import { postLists } from "./postListState.svelte";
import { projectLists } from "./projects.svelte";
import { router } from "./router.svelte";
import { appStore } from "./appStore.svelte";
import { connection as connectionWords, registration, removal as words } from "../words";

/** The time for undo, in seconds. It stands still while the person is at the notice. */
export const UNDO_SECONDS = 10;
/** How long the notice stays after undo, so that nothing else comes under the pointer at once, in milliseconds. */
export const UNDONE = 3000;
/** How many connections are removed at once. */
const AT_ONCE = 4;

/** A removal with its connections; `app` if the app is removed too. */
export type Removal = {
  id: number;
  app: App | null;
  connections: Summary[];
  phase: "waiting" | "removing" | "undone";
  /** Seconds until it begins. */
  left: number;
  isHeld: boolean;
  /** Whether the app's client is deleted at the provider, too. */
  deletesClient: boolean;
};

class Removals {
  pending = $state<Removal[]>([]);
  #last = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** The number of connections of a removal that are gone. */
  gone = ({ connections }: Removal): number =>
    connections.filter(({ id }) => !appStore.allConnections.some((one) => one.id === id)).length;

  removeApp = (app: App): void =>
    this.#begin(
      app,
      appStore.connections.filter(({ app_id }) => app_id === app.id),
    );

  removeConnections = (connections: Summary[]): void => {
    const { route } = router;
    const shown = connections.find(({ id }) => "connection" in route && route.connection === id);
    this.#begin(null, connections);
    if (shown) router.go({ page: "app", app: shown.app_id });
  };

  undo = (id: number): void => {
    const removal = this.#waiting(id);
    if (!removal) return;
    removal.phase = "undone";
    this.#hide();
    setTimeout(() => this.#end(id), UNDONE);
    const [first, ...others] = removal.connections;
    if (removal.app) router.go({ page: "app", app: removal.app.id });
    else if (first && others.length === 0) router.toConnection(first.id);
  };

  /** Undoes the newest removal. Returns whether there is one. */
  undoLast = (): boolean => {
    const last = this.pending.findLast(({ phase }) => phase === "waiting");
    if (last) this.undo(last.id);
    return last !== undefined;
  };

  /** Removes without waiting for the end of the time. */
  now = async (id: number): Promise<void> => {
    const removal = this.#waiting(id);
    if (!removal) return;
    removal.phase = "removing";
    try {
      if (removal.app) await this.#removeApp(removal.app, removal.connections, removal.deletesClient);
      else await this.#removeConnections(removal.connections);
    } finally {
      this.#end(id);
    }
  };

  hold = (id: number, isHeld: boolean): void => {
    const removal = this.#waiting(id);
    if (removal) removal.isHeld = isHeld;
  };

  /** Whether the app's client is deleted at the provider, too. */
  deleteClient = (id: number, deletesClient: boolean): void => {
    const removal = this.#waiting(id);
    if (removal) removal.deletesClient = deletesClient;
  };

  #waiting = (id: number): Removal | undefined => this.pending.find((one) => one.id === id && one.phase === "waiting");

  #begin(app: App | null, connections: Summary[]): void {
    const id = (this.#last += 1);
    this.pending.push({
      id,
      app,
      connections,
      phase: "waiting",
      left: UNDO_SECONDS,
      isHeld: false,
      deletesClient: false,
    });
    this.#hide();
    this.#timer ??= setInterval(this.#tick, 1000);
  }

  #tick = (): void => {
    for (const one of this.pending) {
      if (one.phase !== "waiting" || one.isHeld) continue;
      one.left -= 1;
      if (one.left <= 0) void this.now(one.id);
    }
  };

  #end(id: number): void {
    this.pending = this.pending.filter((one) => one.id !== id);
    this.#hide();
    if (this.pending.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #hide(): void {
    const hidden = this.pending.filter(({ phase }) => phase !== "undone");
    appStore.hidden = new Set(
      hidden.flatMap(({ app, connections }) => [...(app ? [app.id] : []), ...connections.map(({ id }) => id)]),
    );
  }

  async #removeApp(app: App, connections: Summary[], deletesClient: boolean): Promise<void> {
    try {
      const { revocation, client_stays } = await host.removeApp(app.id, deletesClient);
      appStore.dropApp(app.id);
      connections.forEach(({ id }) => forgetContent(id));
      tell(revocation, app.provider_name);
      if (client_stays)
        appStore.notify(registration.stays(app.name), {
          code: "provider_error",
          message: client_stays,
          meaning: null,
          hint: null,
          field: null,
        });
    } catch (thrown) {
      appStore.notify(words.kept([app.name]), asTrouble(thrown));
    }
  }

  async #removeConnections(connections: Summary[]): Promise<void> {
    const left = [...connections];
    const kept: { name: string; trouble: Trouble }[] = [];
    const work = async () => {
      for (let one = left.shift(); one; one = left.shift()) {
        try {
          await removeConnection(one.id);
        } catch (thrown) {
          const trouble = asTrouble(thrown);
          // Another process has removed it.
          if (trouble.code !== "not_found") kept.push({ name: one.name, trouble });
        }
        await appStore.reload(one.id);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const [first] = kept;
    if (first) appStore.notify(words.kept(kept.map(({ name }) => name)), first.trouble);
  }
}

async function removeConnection(id: string): Promise<void> {
  const now = appStore.allConnections.find((one) => one.id === id);
  // The team keeps what is shared.
  if (now && !now.team && now.state !== "disconnected") tell((await host.disconnect(id)).revocation, now.provider_name);
  await host.forget(id);
  forgetContent(id);
}

/** Says if access may still be valid at the provider. */
function tell(revocation: Revocation, provider: string): void {
  if (revocation !== "failed" && revocation !== "pending") return;
  const message = connectionWords.revoked[revocation](provider);
  appStore.notify(words.revocation, { code: "provider_error", message, meaning: null, hint: null, field: null });
}

function forgetContent(id: string): void {
  projectLists.drop(id);
  postLists.drop(id);
  collections.drop(id);
  void import("./requestPage.svelte").then(({ requestPages }) => requestPages.drop(id));
}

export const removals = new Removals();
