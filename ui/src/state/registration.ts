// The registration of an app's client at its provider.

import { asTrouble, host, type App, type RegisteredApp } from "../host";
import { registration as words } from "../words";
import { appStore } from "./appStore.svelte";

/** How long before its end a client secret is marked. */
const SOON_MS = 14 * 24 * 60 * 60 * 1000;

/** Whether a client secret expires soon, or has expired. */
export const expiresSoon = (end: string, now: Date): boolean => Date.parse(end) - now.getTime() < SOON_MS;

/** Says what is registered differently than the app has it. Returns whether anything is. */
export function tellChanges({ app, changes, notes }: RegisteredApp): boolean {
  const told = [...notes, ...changes.map(({ member, registered }) => words.change(member, registered))];
  if (told.length > 0)
    appStore.notify(words.differs(app.name), {
      code: "provider_error",
      message: told.join(" "),
      meaning: null,
      hint: null,
      field: null,
    });
  return told.length > 0;
}

/** Makes the registration like the app. A failure leaves the app as it is. */
export async function updateClient(app: App): Promise<void> {
  try {
    tellChanges(await host.updateRegistration(app.id));
  } catch (thrown) {
    appStore.notify(words.notUpdated(app.name), asTrouble(thrown));
  }
}

/** Registers the client anew. */
export async function renewClient(id: string): Promise<void> {
  const renewed = await host.renewRegistration(id);
  appStore.addApp(renewed.app);
  tellChanges(renewed);
}
