// Starts a sign-in: makes the attempt, shows it, and opens the browser.

import { host } from "../host";
import { here } from "./place.svelte";
import { opening } from "./opening.svelte";
import { world } from "./world.svelte";

export async function connect(app: string, connection: string | null): Promise<void> {
  const attempt = await host.startAttempt(app, connection);
  world.took(attempt);
  here.go({ at: "connect", app, attempt: attempt.id, connection });
  await opening.open(attempt.id);
}
