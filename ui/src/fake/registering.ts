// The fake host's new apps, and the registration of their clients.

import type { App, NewApp, RegisteredApp, RegistrationRequest } from "../bindings";
import type { Answer } from "./answer";
import { adding, certificate, proposed, publicKeySet } from "./adding";
import { app, at, empty, MINUTE, trouble, type FakeData } from "./data";

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
  const find = (id: string) => {
    const found = data().apps.find((one) => one.id === id);
    if (!found) throw trouble("not_found", "It does not exist any more.");
    return found;
  };
  return {
    proposeRedirect: (app: string | null) => answer("proposeRedirect", [app], () => proposed),
    addApp: (given: NewApp) =>
      answer("addApp", [given], () => {
        const added = adding(given, `app-${data().apps.length + 1}`);
        data().apps.push(added);
        return added;
      }),
    metadataDocument: (id: string) =>
      answer("metadataDocument", [id], () => JSON.stringify({ client_id: find(id).client_id })),
    certificate: (id: string) => answer("certificate", [id], () => certificate),
    publicKey: (id: string) => answer("publicKey", [id], () => publicKeySet),
    registerApp: (request: RegistrationRequest) =>
      answer("registerApp", [request], () => {
        const given = adding({ ...request.app, client_id: "s6BhdRkqt3" }, "registered");
        const added = registered({ ...given, has_secret: false });
        data().apps.push(added.app);
        return added;
      }),
    readRegistration: (id: string) => answer("readRegistration", [id], () => registered(find(id))),
    updateRegistration: (id: string) => answer("updateRegistration", [id], () => registered(find(id))),
    renewRegistration: (id: string, token: string | null) =>
      answer("renewRegistration", [id, token], () => registered({ ...find(id), client_id: "s6BhdRkqt4" })),
  };
}

/** An app whose client Grapnel registered, with a client secret that expires in a week. */
export function registeredScenario(): FakeData {
  const { app: own } = registered(
    app("harbour", "Harbour tools", { provider: "custom", provider_name: "id.harbour.example", scopes: ["mcp:tools"] }),
  );
  const ends = own.registration && { ...own.registration, secret_expires_at: at(7 * 24 * 60 * MINUTE) };
  return { ...empty(), apps: [{ ...own, registration: ends, overrides: { issuer: "https://id.harbour.example" } }] };
}
