// The registration of an app's client at its provider.

import { asTrouble, host, type App, type RegisteredApp } from "../host";
import { registration as words } from "../words";
import { appStore } from "./appStore.svelte";

/** The longest time before its end at which a client secret is marked. */
const MAX_NOTICE_MS = 14 * 24 * 60 * 60 * 1000;

/** When the client secret expires, if that is soon: in the last third of its lifetime, and in its last 14 days. */
export function endsSoon({ registration }: App, now: Date): string | null {
  const end = registration?.secret_expires_at;
  if (!end) return null;
  const lifetime = Date.parse(end) - Date.parse(registration.registered_at);
  return Date.parse(end) - now.getTime() <= Math.min(MAX_NOTICE_MS, lifetime / 3) ? end : null;
}

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

/** Registers the client anew, with the initial access token if the provider requires one. */
export async function renewClient(id: string, token: string | null): Promise<void> {
  const renewed = await host.renewRegistration(id, token);
  appStore.addApp(renewed.app);
  tellChanges(renewed);
}
