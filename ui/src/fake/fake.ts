// A fake host with made-up data. Tests can make commands fail or wait, and emit events.

import type { commands as Real, Error as Trouble, Event } from "../bindings";
import type { Answer, Answered, Name } from "./answer";
import { plain } from "./plain";
import { importing } from "./importing";
import { changing } from "./adding";
import { FakePosts } from "./browse";
import { checked, discover, rediscover } from "./discovery";
import { devicePrompt, starting } from "./device";
import { keeping } from "./keeping";
import { registering } from "./registering";
import { requesting } from "./requests";
import { offered } from "./providers";
import { Signal } from "./signal";
import { teaming } from "./teams";
import { scenarios } from "./scenarios";
import { at, attempt, byPassword, empty, MINUTE, trouble, type FakeData } from "./data";

type Commands = typeof Real;

const gone = trouble("not_found", "It does not exist any more.");

export class Fake {
  data: FakeData = empty();
  calls: { name: Name; given: unknown[] }[] = [];
  posts = new FakePosts();
  #failures = new Map<Name, Trouble>();
  #waits = new Map<Name, number>();
  #held = new Map<Name, Promise<void>>();
  #heard = new Set<(event: Event) => void>();
  /** The request to show a connection, as from a notification. */
  readonly connectionRequested = new Signal<string>();
  readonly appRequested = new Signal<string>();
  /** The person started Grapnel again with `--sandbox`. */
  readonly sandboxRequested = new Signal<Trouble | null>();
  #waiting = new Map<number, () => void>();

  /** Resets to one of the scenarios. */
  use(name: string): void {
    this.calls = [];
    this.#failures.clear();
    this.#waits.clear();
    this.#held.clear();
    this.#waiting.clear();
    this.posts.clear();
    this.data = (scenarios[name] ?? empty)(this);
  }

  fail(name: Name, error: Trouble | null): void {
    if (error) this.#failures.set(name, error);
    else this.#failures.delete(name);
  }

  wait(name: Name, ms: number): void {
    this.#waits.set(name, ms);
  }

  /** Delays the responses to a command until the returned function is called. */
  hold(name: Name): () => void {
    let release = () => {};
    this.#held.set(name, new Promise((resolve) => (release = resolve)));
    return release;
  }

  tell(event: Event): void {
    for (const heard of this.#heard) heard(event);
  }

  listen(heard: (event: Event) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  called = (name: Name): unknown[][] => this.calls.filter((call) => call.name === name).map((call) => call.given);

  #answer: Answer = async (name, given, answer, call) => {
    this.calls.push({ name, given });
    await this.#held.get(name);
    let stopped = false;
    const ms = this.#waits.get(name) ?? 0;
    if (ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = ms < 1e8 ? setTimeout(resolve, ms) : undefined;
        if (call === undefined) return;
        this.#waiting.set(call, () => {
          stopped = true;
          clearTimeout(timer);
          resolve();
        });
      });
    }
    const error = stopped ? trouble("cancelled", "Stopped.") : this.#failures.get(name);
    if (error) return { status: "error", error };
    try {
      return { status: "ok", data: structuredClone(answer()) };
    } catch (thrown) {
      return { status: "error", error: thrown as Trouble };
    }
  };

  /** The offline copy exists only if the scenario says so, and reading it never fails or waits. */
  async #read<T>(name: Name, kept: boolean, given: unknown[], answer: () => T, call: number): Promise<Answered<T>> {
    if (!kept) return this.#answer(name, given, answer, call);
    return this.data.wasRead ? { status: "ok", data: structuredClone(answer()) } : { status: "error", error: gone };
  }

  #details(id: string) {
    const details = this.data.details[id];
    if (!details) throw gone;
    return details;
  }

  commands: Commands = {
    overview: (atFirst) => {
      // The data at the time of the call, however late the response is.
      const data = structuredClone(this.data);
      const { connections, first } = data;
      return this.#answer("overview", [atFirst], () => ({
        ...data,
        connections: atFirst ? connections.slice(0, first) : connections,
        has_more: atFirst && connections.length > first,
      }));
    },
    summaries: (ids) =>
      this.#answer("summaries", [ids], () => ids.flatMap((id) => this.data.details[id]?.summary ?? [])),
    sandbox: () => this.#answer("sandbox", [], () => offered),
    discover: (issuer, server, call) =>
      this.#answer("discover", server ? [issuer, server] : [issuer], () => discover(issuer, server), call),
    checkEndpoints: (provider, overrides, call) =>
      this.#answer("checkEndpoints", [provider, overrides], () => checked(provider, overrides), call),
    rediscover: (id) =>
      this.#answer("rediscover", [id], () => {
        const of = this.data.apps.find((one) => one.id === id);
        if (!of) throw gone;
        return rediscover(of);
      }),
    changeApp: (id, given) =>
      this.#answer("changeApp", [id, given], () => {
        const before = this.data.apps.find((one) => one.id === id);
        if (!before) throw gone;
        const changed = changing(given, before);
        this.data.apps = this.data.apps.map((one) => (one.id === id ? changed : one));
        return changed;
      }),
    exportProfile: (id) =>
      this.#answer("exportProfile", [id], () =>
        this.data.chosen ? "/home/ada/Downloads/Acme Sites profile.toml" : null,
      ),
    readProfile: (text) =>
      this.#answer("readProfile", [text], () => {
        if (!text.includes("provider"))
          throw {
            ...trouble(
              "invalid_input",
              "The file is not a profile: line 1: missing field `provider`.",
              "Nothing was changed.",
            ),
            field: "profile",
          };
        if (text.includes("evil")) {
          const other_hosts = [{ host: "evil.example", endpoints: ["token_url", "api_base"] }];
          return {
            file: {
              provider: "grigora",
              scopes: [],
              values: { token_url: "https://evil.example/token", pkce: "never" },
            },
            review: {
              other_hosts,
              warnings: ["PKCE is switched off: whoever sees the code of a sign-in could use it."],
            },
          };
        }
        const values = {
          authorize_url: "https://id.acme.example/authorize",
          token_url: "https://id.acme.example/token",
          "authorize.prompt": "consent",
        };
        return {
          file: { provider: "custom", scopes: ["openid", "email"], values },
          review: {
            other_hosts: [{ host: "id.acme.example", endpoints: ["token_url", "authorize_url"] }],
            warnings: [],
          },
        };
      }),
    removeApp: (id, deletesClient) =>
      this.#answer("removeApp", deletesClient ? [id, deletesClient] : [id], () => {
        const going = this.data.connections.filter((one) => one.app_id === id);
        for (const one of going) delete this.data.details[one.id];
        this.data.connections = this.data.connections.filter((one) => one.app_id !== id);
        this.data.apps = this.data.apps.filter((one) => one.id !== id);
        for (const one of going) queueMicrotask(() => this.tell({ kind: "connection", value: one.id }));
        return { revocation: this.data.revocation ?? "done", client_stays: null };
      }),
    startAttempt: (appId, connection_id, options) =>
      this.#answer(
        "startAttempt",
        [appId, connection_id, ...(Object.keys(options).length > 0 ? [options] : [])],
        () => {
          const of = this.data.apps.find((one) => one.id === appId);
          if (!of) throw gone;
          const wrong = (options.max_age ?? "") !== "" && !/^\d+$/.test(options.max_age ?? "");
          if (wrong) throw { ...trouble("invalid_input", "This is not a number of seconds."), field: "max_age" };
          const begun = starting(of, `attempt-${this.calls.length}`, connection_id, options.by_device ?? false);
          this.data.attempts.push(begun);
          return begun;
        },
      ),
    devicePrompt: (id) => this.#answer("devicePrompt", [id], () => devicePrompt(this.data.attempts, id)),
    openBrowser: (id, chosen) => this.#answer("openBrowser", [id, chosen], () => !chosen || this.data.agrees !== false),
    pasteCallback: (id, text) =>
      this.#answer("pasteCallback", [id, text], () => {
        const wrong = (message: string, hint: string) => ({
          ...trouble("callback_invalid", message, null, hint),
          field: "pasted",
        });
        const of = this.data.attempts.find((one) => one.id === id);
        if (!of) throw gone;
        if (!/^https?:/.test(text)) throw wrong("That is not an address.", "Copy all of the browser’s address bar.");
        if (!text.includes("code="))
          throw wrong("The address has no code in it.", "Paste the address that you were sent to after you agreed.");
        of.phase = "exchanging";
        queueMicrotask(() => this.tell({ kind: "attempt", value: structuredClone(of) }));
        return null;
      }),
    signInWithPassword: (appId, connection_id, email, password) =>
      this.#answer("signInWithPassword", [appId, connection_id, email, password.length], () => {
        const of = this.data.apps.find((one) => one.id === appId);
        if (!of) throw gone;
        if (!email) throw { ...trouble("invalid_input", "An email address is needed."), field: "email" };
        if (password.length < 4)
          throw trouble(
            "access_denied",
            "GroveStreams does not accept the email address or the password.",
            "No token exists.",
            "Try again.",
          );
        const begun = attempt("identifying", {
          id: `attempt-${this.calls.length}`,
          app_id: of.id,
          app_name: of.name,
          provider_name: of.provider_name,
          connection_id,
          started_at: at(0),
          expires_at: at(10 * MINUTE),
        });
        const [asking, answer] = begun.exchange;
        Object.assign(asking ?? {}, byPassword(email));
        Object.assign(answer ?? {}, { address: "" });
        this.data.attempts.push(begun);
        return begun;
      }),
    testDeepLink: () => this.#answer("testDeepLink", [], () => null),
    replaceAccount: (id) =>
      this.#answer("replaceAccount", [id], () => {
        const of = this.data.attempts.find((one) => one.id === id);
        if (!of?.other_account) throw gone;
        return of.other_account.connection_id;
      }),
    cancelAttempt: (id) =>
      this.#answer("cancelAttempt", [id], () => {
        const of = this.data.attempts.find((one) => one.id === id);
        if (!of) throw gone;
        of.phase = "cancelled";
        queueMicrotask(() => this.tell({ kind: "attempt", value: structuredClone(of) }));
        return null;
      }),
    connection: (id) => this.#answer("connection", [id], () => this.#details(id)),
    setBrowser: (id, command) =>
      this.#answer("setBrowser", [id, command], () => {
        if (command.split("'").length % 2 === 0)
          throw {
            ...trouble("invalid_input", "A quote is left open.", null, "It looks like: firefox -P work"),
            field: "browser",
          };
        if (command && this.data.agrees === false) return false;
        this.#details(id).browser = command;
        queueMicrotask(() => this.tell({ kind: "connection", value: id }));
        return true;
      }),
    disconnect: (id) =>
      this.#answer("disconnect", [id], () => {
        const details = this.#details(id);
        details.summary = { ...details.summary, state: "disconnected", expires_at: null, retry_at: null };
        details.tokens = null;
        const revocation = this.data.revocation ?? "not_offered";
        return {
          revocation,
          tokens:
            revocation === "failed"
              ? [{ token: "access_token", revocation, reason: "The provider answered 401 Unauthorized." }]
              : [],
          reason: null,
        };
      }),
    forget: (id) =>
      this.#answer("forget", [id], () => {
        this.#details(id);
        delete this.data.details[id];
        this.data.connections = this.data.connections.filter((one) => one.id !== id);
        return null;
      }),
    projects: (id, kept, call) =>
      this.#read(
        "projects",
        kept,
        [id],
        () => ({ as_of: new Date().toISOString(), projects: this.data.projects }),
        call,
      ),
    project: (id, project, kept, call) =>
      this.#read(
        "project",
        kept,
        [id, project],
        () => {
          const found = this.data.projects.find((one) => one.id === project);
          if (!found) throw trouble("project_not_authorized", "The connection does not open this project.");
          return found;
        },
        call,
      ),
    loadPosts: (id, query, call) =>
      this.#answer("loadPosts", [id, query], () => (this.posts.load(this.data, id, query), null), call),
    postPage: (id, query, offset, limit) =>
      this.#answer("postPage", [id, query, offset, limit], () => this.posts.page(id, query, offset, limit)),
    postMonths: (id, query) => this.#answer("postMonths", [id, query], () => this.posts.months(id, query)),
    post: (id, query, post) =>
      this.#answer("post", [id, query, post], () => this.posts.post(this.data, id, query, post)),
    openPost: (id, query, post) => this.#answer("openPost", [id, query, post], () => null),
    copyPost: (id, query, post) => this.#answer("copyPost", [id, query, post], () => null),
    exportPosts: (id, query, name, format) =>
      this.#answer("exportPosts", [id, query, name, format], () =>
        this.data.chosen
          ? { path: `/home/ada/Reports/${name}.${format}`, posts: this.posts.page(id, query, 0, 1).found }
          : null,
      ),
    openSavedFolder: () => this.#answer("openSavedFolder", [], () => null),
    search: (text) => this.#answer("search", [text], () => this.posts.search(this.data, text)),
    collections: (id) => this.#answer("collections", [id], () => this.data.collections[id] ?? []),
    items: (id, kind, within, kept, call) =>
      this.#read(
        "items",
        kept,
        [id, kind, within],
        () => ({ as_of: at(0), items: this.data.items[within === null ? kind : `${kind}/${within}`] ?? [] }),
        call,
      ),
    cancel: (call) => {
      this.#waiting.get(call)?.();
      return this.#answer("cancel", [call], () => null);
    },
    activity: (id, search, kinds) =>
      this.#answer("activity", [id, search, kinds], () =>
        this.data.activity.filter(
          (one) =>
            (id === null || one.connection_id === id) &&
            (kinds.length === 0 || kinds.includes(one.kind)) &&
            one.text.toLocaleLowerCase().includes((search ?? "").toLocaleLowerCase()),
        ),
      ),
    checkVault: () => this.#answer("checkVault", [], () => this.data.vault),
    ...requesting(this.#answer, () => this.data),
    ...plain(this.#answer, (id) => this.#details(id)),
    ...registering(this.#answer, () => this.data),
    ...importing(this.#answer, () => this.data),
    ...teaming(
      this.#answer,
      () => this.data,
      (event) => this.tell(event),
    ),
    ...keeping(
      this.#answer,
      () => this.data,
      (event) => this.tell(event),
    ),
  };
}

export const fake = new Fake();

// In the mode for screenshots the URL selects the scenario, and the console can access the fake host.
if (typeof location !== "undefined" && location.search) {
  fake.use(new URLSearchParams(location.search).get("scenario") ?? "some");
  Object.assign(globalThis, { fake });
}
