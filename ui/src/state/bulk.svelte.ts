// One action for several connections: its progress, and the result of each.

import { SvelteMap } from "svelte/reactivity";
import { asTrouble, host, type Attempt, type Summary, type Trouble } from "../host";
import { isOver } from "./attempts";
import { connectionActions } from "./connectionActions.svelte";
import { appStore } from "./appStore.svelte";
import { bulk as words, connection as connectionWords, phaseWord } from "../words";

export type BulkKind = "refresh" | "reconnect" | "disconnect";
/** `text` is a sentence; a failure has its error too. */
export type BulkResult = {
  phase: "running" | "done" | "skipped" | "failed" | "stopped";
  text: string;
  trouble?: Trouble;
};

/** How many connections are worked on at once. Sign-ins need the person, one after the other. */
const AT_ONCE: Record<BulkKind, number> = { refresh: 4, disconnect: 4, reconnect: 1 };

/** Whether the action makes sense for a connection. */
export const applies: Record<BulkKind, (one: Summary) => boolean> = {
  refresh: ({ state, can_refresh }) => can_refresh && !["reconnect_needed", "disconnected", "locked"].includes(state),
  reconnect: ({ state }) => state !== "locked",
  disconnect: ({ state }) => state !== "disconnected",
};

class Bulk {
  kind = $state<BulkKind | null>(null);
  busy = $state(false);
  isStopping = $state(false);
  all = $state(0);
  /** The connection that the person signs in to now. */
  current = $state<Summary | null>(null);
  results = new SvelteMap<string, BulkResult>();
  ended = $derived([...this.results.values()].filter(({ phase }) => phase !== "running").length);
  counts = $derived.by(() => {
    const counts = { running: 0, done: 0, skipped: 0, failed: 0, stopped: 0 };
    for (const { phase } of this.results.values()) counts[phase] += 1;
    return counts;
  });

  /** Runs an action. What is not begun when it is stopped stays as it is. */
  async run(kind: BulkKind, connections: Summary[]): Promise<void> {
    if (this.busy) return;
    this.reset();
    Object.assign(this, { kind, busy: true, all: connections.length });
    const left = [...connections];
    const work = async () => {
      for (let one = left.shift(); one; one = left.shift()) {
        if (this.isStopping) this.results.set(one.id, { phase: "stopped", text: words.notBegun });
        else await this.#act(kind, one);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE[kind] }, work));
    this.busy = this.isStopping = false;
    this.current = null;
  }

  stop = (): void => void (this.isStopping = this.busy);

  /** Forgets the results. */
  reset = (): void => {
    if (this.busy) return;
    this.results.clear();
    Object.assign(this, { kind: null, all: 0 });
  };

  async #act(kind: BulkKind, one: Summary): Promise<void> {
    const now = appStore.connections.find(({ id }) => id === one.id);
    if (!now || !applies[kind](now)) {
      this.results.set(one.id, { phase: "skipped", text: words.skipped(now) });
      return;
    }
    this.results.set(one.id, { phase: "running", text: words.running[kind] });
    try {
      this.results.set(one.id, await acts[kind](now));
    } catch (thrown) {
      const trouble = asTrouble(thrown);
      this.results.set(one.id, { phase: "failed", text: trouble.message, trouble });
    }
  }
}

export const bulk = new Bulk();

const done = (text: string): BulkResult => ({ phase: "done", text });

const acts: Record<BulkKind, (one: Summary) => Promise<BulkResult>> = {
  async refresh({ id }) {
    if (!(await connectionActions.refresh(id))) throw connectionActions.trouble(id) ?? asTrouble(words.isBusy);
    return done(words.refreshed);
  },
  async disconnect({ id, provider_name }) {
    const { revocation } = await host.disconnect(id);
    await appStore.reload(id);
    const there = connectionWords.revoked[revocation](provider_name);
    return done([words.disconnected, there].filter(Boolean).join(" "));
  },
  async reconnect(one) {
    bulk.current = one;
    if (!(await connectionActions.reconnect(one))) throw connectionActions.trouble(one.id) ?? asTrouble(words.isBusy);
    const attempt = await endOf(one.id);
    if (attempt?.other_account) {
      // The person decides on the page of that sign-in.
      bulk.stop();
      throw asTrouble(words.otherAccount);
    }
    if (attempt?.phase === "done") return done(words.reconnected);
    if (attempt?.phase === "cancelled") return { phase: "stopped", text: phaseWord.cancelled };
    throw attempt?.error ?? asTrouble(attempt ? phaseWord[attempt.phase] : words.notStarted);
  },
};

/** The running sign-in of a connection once it is over; undefined if there is none. Stopping the run cancels it. */
function endOf(connection: string): Promise<Attempt | undefined> {
  const begun = appStore.attempts.findLast((one) => one.connection_id === connection);
  if (!begun) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let last = begun;
    const leave = $effect.root(() => {
      $effect(() => {
        const now = appStore.attempts.find(({ id }) => id === begun.id);
        last = now ?? last;
        // A sign-in that led to its connection leaves the list.
        const gone = !now && !isOver(last);
        if (!gone && !isOver(last) && !bulk.isStopping) return;
        if (!isOver(last) && !gone) void host.cancelAttempt(begun.id).catch(() => undefined);
        resolve(isOver(last) ? last : { ...last, phase: gone ? "done" : "cancelled" });
        queueMicrotask(() => leave());
      });
    });
  });
}
