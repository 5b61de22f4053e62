// Starts a sign-in: tries the way back where that is still to be done, makes the attempt, shows it, and opens the browser.

import { host } from "../host";
import { Act } from "./act.svelte";
import { here, type Place } from "./place.svelte";
import { opening } from "./opening.svelte";
import { deepLink } from "./wayback.svelte";
import { world } from "./world.svelte";

const acts = new Map<string, Act>();

/** The start of a sign-in through an app, wherever in the window it was asked for. */
export function starting(app: string): Act {
  const act = acts.get(app) ?? new Act();
  acts.set(app, act);
  return act;
}

/** Tells whether it led to an attempt, or to why the way back does not work. */
export const connect = (app: string, connection: string | null, anotherAccount = false): Promise<boolean> =>
  starting(app).run(() => begin(app, connection, anotherAccount));

async function begin(app: string, connection: string | null, anotherAccount: boolean): Promise<void> {
  if (world.app(app)?.way_back === "deep_link" && !deepLink.settled) {
    const place: Place = { at: "connect", app, attempt: null, connection };
    here.go(place);
    // Whoever left meanwhile did not want it.
    if (!(await deepLink.test()) || here.place !== place) return;
  }
  const attempt = await host.startAttempt(app, connection, anotherAccount);
  world.took(attempt);
  here.go({ at: "connect", app, attempt: attempt.id, connection });
  // Whether a browser opens is told with the attempt; some launchers take their time, and the next start need not wait for it.
  void opening.open(attempt.id);
}
