// Starts a sign-in: tests the deep link if needed, creates the attempt, shows it and opens the browser.

import { host, type App, type SignInOptions } from "../host";
import { Action } from "./action.svelte";
import { router, type Route } from "./router.svelte";
import { browserLaunches } from "./browserLaunch.svelte";
import { deepLinkTest } from "./deepLinkTest.svelte";
import { appStore } from "./appStore.svelte";

const acts = new Map<string, Action>();

/** The action that starts a sign-in of an app, shared by all views. */
export function signInAction(app: string): Action {
  const act = acts.get(app) ?? new Action();
  acts.set(app, act);
  return act;
}

/** Whether the provider takes parameters for one sign-in: `all`, or `account` for the account alone. */
export function optionsOf(app: App | undefined): "all" | "account" | null {
  const hint = app?.grant_type === "authorization_code" ? appStore.value(app, "login_hint") : "";
  if (hint === "true") return "all";
  return hint && hint !== "false" ? "account" : null;
}

/** What a person can choose for one sign-in that opens the browser. */
export const noOptions = () => ({ login_hint: "", prompt: "", max_age: "", acr_values: "" });

/** Those that were filled in. */
export const filled = (options: ReturnType<typeof noOptions>): SignInOptions =>
  Object.fromEntries(Object.entries(options).filter(([, text]) => text.trim()));

/** Starts a sign-in. Returns whether it led to an attempt or a failed deep link test. */
export const connect = (app: string, connection: string | null, options: SignInOptions = {}): Promise<boolean> =>
  signInAction(app).run(() => begin(app, connection, options));

/** Whether the browser returns with a callback. */
const hasCallback = (grant: string | undefined): boolean => grant === "authorization_code";

async function begin(app: string, connection: string | null, options: SignInOptions): Promise<void> {
  const of = appStore.app(app);
  const opens = hasCallback(of?.grant_type) && !options.by_device;
  if (opens && of?.way_back === "deep_link" && !deepLinkTest.isUsable) {
    const route: Route = { page: "connect", app, attempt: null, connection };
    router.go(route);
    // The person has left the page meanwhile.
    if (!(await deepLinkTest.test()) || router.route !== route) return;
  }
  const attempt = await host.startAttempt(app, connection, options);
  appStore.updateAttempt(attempt);
  router.go({ page: "connect", app, attempt: attempt.id, connection });
  // Not awaited: some launchers are slow, and the result is stored with the attempt.
  if (hasCallback(attempt.grant_type)) void browserLaunches.open(attempt.id);
}
