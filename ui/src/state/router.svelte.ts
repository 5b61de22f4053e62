// The current page.

import { untrack } from "svelte";
import type { SandboxApp } from "../host";

export type Tab = "overview" | "token" | "browse" | "requests" | "activity";

/** The pages of the settings. */
export type SettingsGroup =
  "general" | "sign_in" | "network" | "refresh" | "vault" | "teams" | "data" | "hooks" | "diagnostics" | "about";

export type Route =
  | { page: "home" }
  | { page: "add"; prefill: SandboxApp[] | null; like?: string }
  | { page: "import" }
  | { page: "app"; app: string }
  /** `field`: what is to be corrected there. */
  | { page: "change"; app: string; field?: string }
  | { page: "connect"; app: string; attempt: string | null; connection: string | null }
  | { page: "connection"; connection: string; tab: Tab }
  | { page: "activity" }
  | { page: "settings"; group?: SettingsGroup };

/** How many pages can be gone back. */
const KEPT = 50;

class Router {
  route = $state.raw<Route>({ page: "home" });
  /** How often the person went to a page. */
  visits = $state(0);
  #past: Route[] = [];
  #future: Route[] = [];

  /** Of forms: whether leaving their page would lose something that was entered. */
  #unsaved = new Set<() => boolean>();
  /** What waits until the person agrees to lose what was entered. */
  leaving = $state.raw<(() => void) | null>(null);

  go = (route: Route): void => this.#leave(() => this.#go(route));

  #go(route: Route): void {
    if (JSON.stringify(route) !== JSON.stringify(this.route)) {
      this.#past = [...this.#past, this.route].slice(-KEPT);
      this.#future = [];
    }
    this.route = route;
    this.#visit();
  }

  /** Asks before the page is left, as long as `isUnsaved`. Returns what ends that. */
  asksIf = (isUnsaved: () => boolean): (() => void) => {
    this.#unsaved.add(isUnsaved);
    return () => this.#unsaved.delete(isUnsaved);
  };

  /** The person agreed to lose what was entered. */
  agree = (): void => {
    const act = this.leaving;
    this.leaving = null;
    act?.();
  };

  #leave(act: () => void): void {
    if (untrack(() => [...this.#unsaved].some((isUnsaved) => isUnsaved()))) this.leaving = act;
    else act();
  }

  /** Also within an effect, which must not depend on the count. */
  #visit(): void {
    this.visits = untrack(() => this.visits) + 1;
  }

  /** Shows a page in place of the current one, which cannot be gone back to. */
  replace = (route: Route): void => {
    this.route = route;
  };

  back = (): void => this.#leave(() => this.#move(this.#past, this.#future));

  forward = (): void => this.#leave(() => this.#move(this.#future, this.#past));

  /** Returns to where the person came from. */
  leave = (): void => {
    if (this.#past.length > 0) this.back();
    else this.go({ page: "home" });
  };

  toConnection = (connection: string, tab: Tab = "overview"): void => this.go({ page: "connection", connection, tab });

  #move(from: Route[], to: Route[]): void {
    const route = from.pop();
    if (!route) return;
    to.push(this.route);
    this.route = route;
    this.#visit();
  }
}

export const router = new Router();
