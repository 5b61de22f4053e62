// The fake host's new apps, and the registration of their clients.

import type { App, NewApp, RegisteredApp, RegistrationRequest } from "../bindings";
import type { Answer } from "./answer";
import { adding, proposed, publicKeySet } from "./adding";
import { trouble, type FakeData } from "./data";

/** An app whose client the provider registered as it was asked to. */
const registered = (app: App): RegisteredApp => ({
  app: {
    ...app,
    registration: {
      client_id: app.client_id,
      endpoint: "https://id.example/register",
      client_uri: `https://id.example/register/${app.client_id}`,
      auth_method: "none",
      registered_at: "2026-03-02T09:00:00Z",
      secret_expires_at: null,
    },
  },
  changes: [],
  notes: [],
});

export function registering(answer: Answer, data: () => FakeData) {
  const app = (id: string) => {
    const found = data().apps.find((one) => one.id === id);
    if (!found) throw trouble("not_found", "It does not exist any more.");
    return found;
  };
  return {
    proposeRedirect: () => answer("proposeRedirect", [], () => proposed),
    addApp: (given: NewApp) =>
      answer("addApp", [given], () => {
        const added = adding(given, `app-${data().apps.length + 1}`);
        data().apps.push(added);
        return added;
      }),
    metadataDocument: (id: string) =>
      answer("metadataDocument", [id], () => JSON.stringify({ client_id: app(id).client_id })),
    publicKey: (id: string) => answer("publicKey", [id], () => publicKeySet),
    registerApp: (request: RegistrationRequest) =>
      answer("registerApp", [request], () => {
        const given = adding({ ...request.app, client_id: "s6BhdRkqt3" }, "registered");
        const added = registered({ ...given, has_secret: false });
        data().apps.push(added.app);
        return added;
      }),
    readRegistration: (id: string) => answer("readRegistration", [id], () => registered(app(id))),
    updateRegistration: (id: string) => answer("updateRegistration", [id], () => registered(app(id))),
    renewRegistration: (id: string) =>
      answer("renewRegistration", [id], () => registered({ ...app(id), client_id: "s6BhdRkqt4" })),
  };
}
