// Starts a sign-in: tests the deep link if needed, creates the attempt, shows it and opens the browser.

import { host } from "../host";
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

/** Starts a sign-in. Returns whether it led to an attempt or a failed deep link test. */
export const connect = (
  app: string,
  connection: string | null,
  { anotherAccount = false, byDevice = false, moreScopes = [] as string[] } = {},
): Promise<boolean> => signInAction(app).run(() => begin(app, connection, anotherAccount, byDevice, moreScopes));

/** Whether the browser returns with a callback. */
const hasCallback = (grant: string | undefined): boolean => grant === "authorization_code";

async function begin(
  app: string,
  connection: string | null,
  anotherAccount: boolean,
  byDevice: boolean,
  moreScopes: string[],
): Promise<void> {
  const of = appStore.app(app);
  const opens = hasCallback(of?.grant_type) && !byDevice;
  if (opens && of?.way_back === "deep_link" && !deepLinkTest.isUsable) {
    const route: Route = { page: "connect", app, attempt: null, connection };
    router.go(route);
    // The person has left the page meanwhile.
    if (!(await deepLinkTest.test()) || router.route !== route) return;
  }
  const attempt = await host.startAttempt(
    app,
    connection,
    anotherAccount,
    byDevice,
    ...(moreScopes.length > 0 ? ([moreScopes] as const) : []),
  );
  appStore.updateAttempt(attempt);
  router.go({ page: "connect", app, attempt: attempt.id, connection });
  // Not awaited: some launchers are slow, and the result is stored with the attempt.
  if (hasCallback(attempt.grant_type)) void browserLaunches.open(attempt.id);
}
