// The application's state: the overview from the host, kept current by its events.

import { untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import {
  asTrouble,
  host,
  type App,
  type Attempt,
  type Details,
  type Happening,
  type Overview,
  type Phase,
  type ProviderView,
  type Summary,
  type Trouble,
} from "../host";
import { isOver, supersedes } from "./attempts";
import { nextChangeOf } from "./changeTimes";
import { byAppName, byName, sorted } from "./sort";
import { teams } from "./teams.svelte";
import { downloads } from "./downloads.svelte";
import { profileValue } from "./profile";
import { merged, RequestOrdering, type OverviewRequest } from "./requestOrdering";
import { common } from "../words";

/** Change events that arrive within this time are answered by one request, in milliseconds. */
const GATHERED = 100;

class AppStore {
  phase = $state<"opening" | "ready" | "failed">("opening");
  trouble = $state.raw<Trouble | null>(null);
  providers = $state.raw<ProviderView[]>([]);
  /** All apps and connections, also those that are about to be removed. */
  allApps = $state.raw<App[]>([]);
  allConnections = $state.raw<Summary[]>([]);
  /** The IDs of apps and connections that are about to be removed. */
  hidden = $state.raw<ReadonlySet<string>>(new Set());
  apps = $derived(this.hidden.size === 0 ? this.allApps : this.allApps.filter(({ id }) => !this.hidden.has(id)));
  connections = $derived(
    this.hidden.size === 0
      ? this.allConnections
      : this.allConnections.filter(({ id, app_id }) => !this.hidden.has(id) && !this.hidden.has(app_id)),
  );
  /** Whether only the first connections are loaded so far. */
  partial = $state(false);
  attempts = $state.raw<Attempt[]>([]);
  vault = $state.raw<Trouble | null>(null);
  /** Why the sandbox is not running, if there are sandbox apps. */
  sandbox = $state.raw<Trouble | null>(null);
  /** Whether the sandbox was started from outside the window; until dismissed. */
  sandboxStarted = $state(false);
  /** The sandbox apps, which do not work then. */
  #sandboxApps = $state.raw<string[]>([]);
  /** Errors that no action of the person caused, until dismissed. */
  notices = $state.raw<{ id: number; title: string; trouble: Trouble; times: number }[]>([]);
  details = new SvelteMap<string, Details>();
  /** The last phase in which each attempt was still running. */
  reached = new SvelteMap<string, Phase>();
  /** Changes per connection; views that show more than its details reload when the count changes. */
  changeCounts = new SvelteMap<string, number>();
  /** Number of events handled. */
  changeCount = $state(0);
  #earlyEvents: Happening[] = [];
  /** Whether all earlier events are handled, so that newer ones need not wait for their turn. */
  #isCaughtUp = false;
  /** IDs of attempts that the person dismissed or that a newer attempt superseded. */
  #dismissed = new Set<string>();
  /** IDs of changed connections that are not reloaded yet, and the reload in progress. */
  #changedIds = new Set<string>();
  #reloading: Promise<void> | null = null;
  #requests = new RequestOrdering();
  #notice = 0;

  empty = $derived(this.apps.length === 0 && this.connections.length === 0);

  /**
   * Loads everything; also retries after a failure. The overview is requested before the page listens to events, since
   * each request waits for the window to be shown: what happens in between is kept by the host.
   */
  open = async (listening?: Promise<unknown>): Promise<void> => {
    const request = this.#requests.begin();
    this.#isCaughtUp = false;
    try {
      const overview = await host.overview(true);
      this.#requests.accept(request);
      this.#dismissed.clear();
      this.providers = overview.providers;
      this.allApps = [...overview.apps].sort(byAppName);
      this.allConnections = sorted(overview.connections);
      this.partial = overview.has_more;
      this.attempts = overview.attempts;
      this.vault = overview.vault;
      this.sandbox = overview.sandbox;
      this.#sandboxApps = overview.sandbox_apps;
      this.trouble = null;
      this.phase = "ready";
      requestAnimationFrame(() => setTimeout(() => this.#painted(overview.has_more)));
      await listening;
      this.#earlyEvents.unshift(...(await host.missedEvents()));
      for (let event = this.#earlyEvents.shift(); event; event = this.#earlyEvents.shift()) {
        const handled = this.#apply(event);
        // Changes of connections are gathered, and keep their order by themselves.
        if (event.kind !== "connection") await handled;
      }
      this.#isCaughtUp = true;
    } catch (thrown) {
      this.trouble = asTrouble(thrown);
      this.phase = "failed";
    } finally {
      this.#requests.end(request);
    }
  };

  /** The first page is painted: what waited for that begins, and the rest is loaded. */
  #painted = (hasMore: boolean): void => {
    void host.pagePainted().catch(() => undefined);
    if (hasMore && this.phase === "ready") void this.#reloadApps();
  };

  handleEvent = async (event: Happening): Promise<void> => {
    if (this.phase === "ready" && this.#isCaughtUp) await this.#apply(event);
    else this.#earlyEvents.push(event);
  };

  async #apply(event: Happening): Promise<void> {
    this.changeCount += 1;
    if (event.kind === "elsewhere" || event.kind === "teams") void teams.read();
    if (event.kind === "teams") await this.#reloadShared();
    else if (event.kind === "apps") await this.#reloadApps();
    else if (event.kind === "elsewhere" || event.kind === "settings") await this.#reloadAll();
    else if (event.kind === "activity") for (const id of this.details.keys()) this.#countChange(id);
    else if (event.kind === "exchanges") this.#countChange(event.value);
    else if (event.kind === "connection") await this.#changed(event.value);
    else if (event.kind === "attempt") this.updateAttempt(event.value);
    else if (event.kind === "progress") downloads.update(event.value);
    else if (event.kind === "vault") {
      this.vault = event.value ?? null;
      // Locking or unlocking the keyring changes the status of every connection.
      await this.#reloadApps();
    } else this.notify(common.refused, event.value);
  }

  /** Reloads a connection's details. A deleted connection leaves the list. */
  async reload(id: string): Promise<Trouble | null> {
    try {
      const details = await host.connection(id);
      this.details.set(id, details);
      this.#put([details.summary]);
      return null;
    } catch (thrown) {
      const trouble = asTrouble(thrown);
      if (trouble.code === "not_found") this.#drop(new Set([id]));
      return trouble;
    } finally {
      this.#countChange(id);
    }
  }

  /** Reloads changed connections: the first at once, those that change meanwhile in one batch. */
  #changed(id: string): Promise<void> {
    this.#requests.noteChange(id);
    this.#changedIds.add(id);
    this.#reloading ??= this.#askForChanged().finally(() => (this.#reloading = null));
    return this.#reloading;
  }

  async #askForChanged(): Promise<void> {
    while (this.#changedIds.size > 0) {
      const ids = [...this.#changedIds];
      this.#changedIds.clear();
      const lines = ids.filter((id) => !this.details.has(id));
      await Promise.all([
        ...ids.filter((id) => this.details.has(id)).map((id) => this.reload(id)),
        this.#readLines(lines),
      ]);
      if (this.#changedIds.size > 0) await new Promise((resolve) => setTimeout(resolve, GATHERED));
    }
  }

  /** Reloads connections of which only the list row is shown. */
  async #readLines(ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      const found = await host.summaries(ids);
      const gone = new Set(ids);
      for (const { id } of found) gone.delete(id);
      this.#drop(gone);
      this.#put(found);
    } catch {
      // Keep the old rows; the next change reloads them.
    }
    ids.forEach((id) => this.#countChange(id));
  }

  #countChange(id: string): void {
    this.changeCounts.set(id, (this.changeCounts.get(id) ?? 0) + 1);
  }

  #drop(gone: Set<string>): void {
    if (gone.size === 0) return;
    this.#requests.noteNewer(gone);
    this.allConnections = this.allConnections.filter(({ id }) => !gone.has(id));
    for (const id of gone) this.details.delete(id);
  }

  /** Checks again whether the keyring opens the vault. */
  async checkVault(): Promise<void> {
    try {
      this.vault = await host.checkVault();
    } catch (thrown) {
      this.vault = asTrouble(thrown);
    }
  }

  /** Whether an app does not work because the sandbox is not running. */
  needsSandbox = (app: string): boolean => this.sandbox !== null && this.#sandboxApps.includes(app);

  /** The person started Grapnel again with the sandbox, which runs now unless there is an error. */
  sandboxAsked = (trouble: Trouble | null): void => {
    this.sandbox = trouble;
    this.sandboxStarted = trouble === null;
  };

  /** Tries to start the sandbox again. */
  async startSandbox(): Promise<void> {
    try {
      await host.sandbox();
      this.sandbox = null;
    } catch (thrown) {
      this.sandbox = asTrouble(thrown);
    }
  }

  /** Adds or replaces an attempt. */
  updateAttempt(attempt: Attempt): void {
    this.#requests.noteNewer([attempt.id]);
    this.#putAttempt(attempt);
  }

  #putAttempt(attempt: Attempt): void {
    // The host also repeats events of dismissed attempts.
    if (this.#dismissed.has(attempt.id)) return;
    if (!isOver(attempt)) this.reached.set(attempt.id, attempt.phase);
    const known = this.attempts.some((other) => other.id === attempt.id);
    const all = known
      ? this.attempts.map((other) => (other.id === attempt.id ? attempt : other))
      : [...this.attempts, attempt];
    const past = all.filter((one) => all.some((other) => supersedes(other, one)));
    for (const { id } of past) this.#dismissed.add(id);
    this.attempts = all.filter((one) => !past.includes(one));
  }

  /** Dismisses the failed sign-ins of the apps of new connections, which another process may have created. */
  #supersedeAttempts(connections: Summary[]): void {
    if (connections.length === 0) return;
    const connected = new Set(connections.map(({ app_id }) => app_id));
    const isPast = (one: Attempt) =>
      isOver(one) && one.phase !== "done" && one.connection_id === null && connected.has(one.app_id);
    for (const { id } of this.attempts.filter(isPast)) this.dismissAttempt(id);
  }

  /** Removes a finished attempt from the list. */
  dismissAttempt(id: string): void {
    this.#dismissed.add(id);
    this.#requests.noteNewer([id]);
    this.attempts = this.attempts.filter((attempt) => attempt.id !== id);
  }

  /** Dismisses the unsuccessful sign-ins of an app that was changed since. */
  dismissFailed(app: string): void {
    const isPast = (one: Attempt) => one.app_id === app && isOver(one) && one.phase !== "done";
    for (const { id } of this.attempts.filter(isPast)) this.dismissAttempt(id);
  }

  addApp(app: App): void {
    this.#requests.noteNewer([app.id]);
    this.allApps = [...this.allApps.filter((other) => other.id !== app.id), app].sort(byAppName);
  }

  dropApp(id: string): void {
    this.#requests.noteNewer([id]);
    this.allApps = this.allApps.filter((app) => app.id !== id);
  }

  /** Shows a notice. Repeated errors count up one notice, because any web page can cause them. */
  notify(title: string, trouble: Trouble): void {
    const isSame = (other: { title: string; trouble: Trouble }) =>
      other.title === title && other.trouble.code === trouble.code;
    // An effect that notifies must not depend on the notices: it would run again and again.
    const notices = untrack(() => this.notices);
    const told = notices.find(isSame);
    this.notices = told
      ? notices.map((one) => (one === told ? { ...one, trouble, times: one.times + 1 } : one))
      : [...notices, { id: (this.#notice += 1), title, trouble, times: 1 }];
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }

  app = (id: string): App | undefined => this.apps.find((app) => app.id === id);

  /** A profile setting of an app: its own override, or the provider's value. */
  value = (app: App | undefined, key: string, provider = app?.provider ?? ""): string =>
    profileValue(this.providers, provider, app, key);

  /** When the display changes next: a token expires, a retry counts down, or an attempt times out. */
  nextChange = (): number | null => {
    const now = Date.now();
    let next: number | null = null;
    for (const list of [this.allConnections, this.attempts]) {
      for (const one of list) {
        const at = nextChangeOf(one, now);
        if (at !== null && (next === null || at < next)) next = at;
      }
    }
    return next;
  };

  /** Gives connections the places 0, 1, … at once, before the host has stored them; or, with `byName`, none. */
  place(ids: string[], byName: boolean): void {
    this.#requests.noteNewer(ids);
    const places = new Map(ids.map((id, place) => [id, byName ? null : place]));
    this.allConnections = this.allConnections.map((one) => {
      const position = places.get(one.id);
      if (position === undefined || position === one.annotations.position) return one;
      return { ...one, annotations: { ...one.annotations, position } };
    });
  }

  /** Reloads what is shown of shared connections: their team became reachable or unreachable, or changed. */
  async #reloadShared(): Promise<void> {
    const shared = [...this.details].filter(([, { shared }]) => shared).map(([id]) => id);
    await Promise.all(shared.map((id) => this.reload(id)));
  }

  /** Reloads everything after a change by another process. */
  async #reloadAll(): Promise<void> {
    await this.#reloadApps();
    await Promise.all([...this.details.keys()].map((id) => this.reload(id)));
  }

  /** Updates connections in the list; sorts only if a name changed. */
  #put(found: Summary[]): void {
    this.#requests.noteNewer(found.map(({ id }) => id));
    const news = new Map(found.map((summary) => [summary.id, summary]));
    let inOrder = true;
    const connections = this.allConnections.map((known) => {
      const now = news.get(known.id);
      news.delete(known.id);
      if (now && byName(known, now) !== 0) inOrder = false;
      return now ?? known;
    });
    connections.push(...news.values());
    this.#supersedeAttempts([...news.values()]);
    this.allConnections = inOrder && news.size === 0 ? connections : connections.sort(byName);
  }

  async #reloadApps(): Promise<void> {
    const request = this.#requests.begin();
    try {
      const overview = await host.overview(false);
      if (this.#requests.accept(request)) this.#show(overview, request);
    } catch (thrown) {
      if (!this.#requests.isStale(request)) this.#notRead(asTrouble(thrown));
    } finally {
      this.#requests.end(request);
    }
  }

  /** A failed first full load must be visible, because most connections are missing then. */
  #notRead(trouble: Trouble): void {
    if (!this.partial) this.notify(common.notRead, trouble);
    else if (this.#requests.isOnlyRequest()) {
      this.trouble = trouble;
      this.phase = "failed";
    }
  }

  #show({ apps, connections, attempts }: Overview, { changed, newer }: OverviewRequest): void {
    this.allApps = [...merged(this.allApps, apps, newer)].sort(byAppName);
    const known = new Set(this.partial ? [] : this.allConnections.map(({ id }) => id));
    if (!this.partial) this.#supersedeAttempts(connections.filter(({ id }) => !known.has(id)));
    this.allConnections = sorted(merged(this.allConnections, connections, newer));
    this.partial = false;
    for (const attempt of attempts) if (!newer.has(attempt.id)) this.#putAttempt(attempt);
    // A running attempt that the host no longer lists ended in another process.
    const under = new Set(attempts.map(({ id }) => id));
    this.attempts = this.attempts.filter(
      (attempt) => isOver(attempt) || under.has(attempt.id) || newer.has(attempt.id),
    );
    for (const id of changed) void this.#changed(id);
  }
}

export const appStore = new AppStore();
