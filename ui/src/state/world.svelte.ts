// What the window knows: the overview, patched by what the host says has happened.

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
import { momentsOf } from "./moments";
import { byAppName, byName, sorted } from "./order";
import { underway } from "./progress.svelte";
import { profileValue } from "./profile";
import { merged, Readings, type Reading } from "./readings";
import { common } from "../words";

/** Of what comes in a storm, so much time is gathered before the host is asked again. */
const GATHERED = 100;

class World {
  phase = $state<"opening" | "ready" | "failed">("opening");
  trouble = $state.raw<Trouble | null>(null);
  providers = $state.raw<ProviderView[]>([]);
  apps = $state.raw<App[]>([]);
  connections = $state.raw<Summary[]>([]);
  /** Whether there are more connections, which are still read. */
  partial = $state(false);
  attempts = $state.raw<Attempt[]>([]);
  vault = $state.raw<Trouble | null>(null);
  /** Why the sandbox does not run, although there are apps of it. */
  sandbox = $state.raw<Trouble | null>(null);
  /** What went wrong by itself, until the person has read it. */
  notices = $state.raw<{ id: number; title: string; trouble: Trouble; times: number }[]>([]);
  details = new SvelteMap<string, Details>();
  /** The last phase in which each attempt was seen under way. */
  reached = new SvelteMap<string, Phase>();
  /** Counts what happened to each connection, for those who show more of it than its details. */
  beats = new SvelteMap<string, number>();
  /** Counts everything that happened. */
  beat = $state(0);
  #early: Happening[] = [];
  /** Attempts that were left behind. */
  #left = new Set<string>();
  /** Connections that changed and were not asked for yet, and the asking. */
  #waiting = new Set<string>();
  #asking: Promise<void> | null = null;
  #readings = new Readings();
  #notice = 0;

  empty = $derived(this.apps.length === 0 && this.connections.length === 0);

  /** Asks for everything; also the way to try again. */
  open = async (): Promise<void> => {
    const reading = this.#readings.begin();
    try {
      const overview = await host.overview(true);
      this.#readings.take(reading);
      this.#left.clear();
      this.providers = overview.providers;
      this.apps = [...overview.apps].sort(byAppName);
      this.connections = sorted(overview.connections);
      this.partial = overview.has_more;
      this.attempts = overview.attempts;
      this.vault = overview.vault;
      this.sandbox = overview.sandbox;
      this.trouble = null;
      this.phase = "ready";
      // Once these are painted.
      if (this.partial)
        requestAnimationFrame(() => setTimeout(() => void (this.phase === "ready" && this.#reloadApps())));
      for (const event of [...overview.missed, ...this.#early.splice(0)]) await this.heard(event);
    } catch (thrown) {
      this.trouble = asTrouble(thrown);
      this.phase = "failed";
    } finally {
      this.#readings.end(reading);
    }
  };

  heard = async (event: Happening): Promise<void> => {
    if (this.phase !== "ready") {
      this.#early.push(event);
      return;
    }
    this.beat += 1;
    if (event.kind === "apps") await this.#reloadApps();
    else if (event.kind === "elsewhere" || event.kind === "settings") await this.#reloadAll();
    else if (event.kind === "activity") for (const id of this.details.keys()) this.#beatOf(id);
    else if (event.kind === "connection") await this.#changed(event.value);
    else if (event.kind === "attempt") this.took(event.value);
    else if (event.kind === "progress") underway.heard(event.value);
    else if (event.kind === "vault") {
      this.vault = event.value ?? null;
      // A keyring that closes or opens changes how every connection stands.
      await this.#reloadApps();
    } else this.tell(common.refused, event.value);
  };

  /** Asks how a connection stands; one that is gone leaves the list. */
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
      this.#beatOf(id);
    }
  }

  /** Asks how connections stand that changed: one at once, and then together those that change meanwhile. */
  #changed(id: string): Promise<void> {
    this.#readings.heard(id);
    this.#waiting.add(id);
    this.#asking ??= this.#askForChanged().finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #askForChanged(): Promise<void> {
    while (this.#waiting.size > 0) {
      const ids = [...this.#waiting];
      this.#waiting.clear();
      const lines = ids.filter((id) => !this.details.has(id));
      await Promise.all([
        ...ids.filter((id) => this.details.has(id)).map((id) => this.reload(id)),
        this.#readLines(lines),
      ]);
      if (this.#waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, GATHERED));
    }
  }

  /** Nothing but their lines is shown of these connections. */
  async #readLines(ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      const found = await host.summaries(ids);
      const gone = new Set(ids);
      for (const { id } of found) gone.delete(id);
      this.#drop(gone);
      this.#put(found);
    } catch {
      // They are shown as they were; what changes next is asked for again.
    }
    ids.forEach((id) => this.#beatOf(id));
  }

  #beatOf(id: string): void {
    this.beats.set(id, (this.beats.get(id) ?? 0) + 1);
  }

  #drop(gone: Set<string>): void {
    if (gone.size === 0) return;
    this.#readings.newer(gone);
    this.connections = this.connections.filter(({ id }) => !gone.has(id));
    for (const id of gone) this.details.delete(id);
  }

  /** Asks whether the keyring opens the vault now. */
  async checkVault(): Promise<void> {
    try {
      this.vault = await host.checkVault();
    } catch (thrown) {
      this.vault = asTrouble(thrown);
    }
  }

  /** Starts the sandbox, now that its port may be free. */
  async startSandbox(): Promise<void> {
    try {
      await host.sandbox();
      this.sandbox = null;
    } catch (thrown) {
      this.sandbox = asTrouble(thrown);
    }
  }

  /** Puts an attempt in the place of what was known of it. */
  took(attempt: Attempt): void {
    this.#readings.newer([attempt.id]);
    this.#putAttempt(attempt);
  }

  #putAttempt(attempt: Attempt): void {
    // The host repeats what was written, also of attempts that nobody looks at any more.
    if (this.#left.has(attempt.id)) return;
    if (!isOver(attempt)) this.reached.set(attempt.id, attempt.phase);
    const known = this.attempts.some((other) => other.id === attempt.id);
    const all = known
      ? this.attempts.map((other) => (other.id === attempt.id ? attempt : other))
      : [...this.attempts, attempt];
    const past = all.filter((one) => all.some((other) => supersedes(other, one)));
    for (const { id } of past) this.#left.add(id);
    this.attempts = all.filter((one) => !past.includes(one));
  }

  /** Leaves an attempt that is over behind. */
  leave(id: string): void {
    this.#left.add(id);
    this.#readings.newer([id]);
    this.attempts = this.attempts.filter((attempt) => attempt.id !== id);
  }

  addApp(app: App): void {
    this.#readings.newer([app.id]);
    this.apps = [...this.apps.filter((other) => other.id !== app.id), app].sort(byAppName);
  }

  dropApp(id: string): void {
    this.#readings.newer([id]);
    this.apps = this.apps.filter((app) => app.id !== id);
  }

  /** What happens again and again, as any page can cause it, is one notice that counts. */
  tell(title: string, trouble: Trouble): void {
    const isSame = (other: { title: string; trouble: Trouble }) =>
      other.title === title && other.trouble.code === trouble.code;
    const told = this.notices.find(isSame);
    this.notices = told
      ? this.notices.map((one) => (one === told ? { ...one, trouble, times: one.times + 1 } : one))
      : [...this.notices, { id: (this.#notice += 1), title, trouble, times: 1 }];
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }

  app = (id: string): App | undefined => this.apps.find((app) => app.id === id);

  /** A value of the profile that an app is spoken for by: the app's own, or the provider's. */
  value = (app: App | undefined, key: string, provider = app?.provider ?? ""): string =>
    profileValue(this.providers, provider, app, key);

  /** The next moment at which a token expires, a renewal is tried again, or an attempt stops waiting. */
  nextMoment = (): number | null => {
    const now = Date.now();
    let next: number | null = null;
    for (const of of [this.connections, this.attempts]) {
      for (const one of of) {
        for (const at of momentsOf(one)) if (at > now && (next === null || at < next)) next = at;
      }
    }
    return next;
  };

  /** Another process may have changed anything. */
  async #reloadAll(): Promise<void> {
    await this.#reloadApps();
    await Promise.all([...this.details.keys()].map((id) => this.reload(id)));
  }

  /** Puts connections where they belong; those that are called as before stay where they are. */
  #put(found: Summary[]): void {
    this.#readings.newer(found.map(({ id }) => id));
    const news = new Map(found.map((summary) => [summary.id, summary]));
    let inOrder = true;
    const connections = this.connections.map((known) => {
      const now = news.get(known.id);
      news.delete(known.id);
      if (now && byName(known, now) !== 0) inOrder = false;
      return now ?? known;
    });
    connections.push(...news.values());
    this.connections = inOrder && news.size === 0 ? connections : connections.sort(byName);
  }

  async #reloadApps(): Promise<void> {
    const reading = this.#readings.begin();
    try {
      const overview = await host.overview(false);
      if (this.#readings.take(reading)) this.#show(overview, reading);
    } catch (thrown) {
      if (!this.#readings.late(reading)) this.#notRead(asTrouble(thrown));
    } finally {
      this.#readings.end(reading);
    }
  }

  /** Where most connections were never read, a window that looks whole would deny that they are there. */
  #notRead(trouble: Trouble): void {
    if (!this.partial) this.tell(common.notRead, trouble);
    else if (this.#readings.alone()) {
      this.trouble = trouble;
      this.phase = "failed";
    }
  }

  #show({ apps, connections, attempts }: Overview, { heard, newer }: Reading): void {
    this.apps = [...merged(this.apps, apps, newer)].sort(byAppName);
    this.connections = sorted(merged(this.connections, connections, newer));
    this.partial = false;
    for (const attempt of attempts) if (!newer.has(attempt.id)) this.#putAttempt(attempt);
    // One that is not under way any more, and of which nothing was heard, ended in another process.
    const under = new Set(attempts.map(({ id }) => id));
    this.attempts = this.attempts.filter(
      (attempt) => isOver(attempt) || under.has(attempt.id) || newer.has(attempt.id),
    );
    for (const id of heard) void this.#changed(id);
  }
}

export const world = new World();
