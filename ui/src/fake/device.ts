// Attempts of the grants without a callback.

import type { App, Attempt, DevicePrompt, GrantType } from "../bindings";
import { app, attempt, details, empty, MINUTE, trouble, type FakeData } from "./data";

const hidden = (name: string, value: string) => ({ name, value, hidden: true });
const plain = (name: string, value: string) => ({ name, value, hidden: false });

/** What differs in an attempt by a grant. */
function codeless(grant_type: GrantType): Partial<Attempt> {
  const client = plain("client_id", "acme-sites-7f3a");
  const token = (parameters: Attempt["exchange"][number]["parameters"]) => ({
    method: "POST",
    address: "https://id.harbour.example/token",
    parameters,
  });
  if (grant_type === "client_credentials")
    return {
      grant_type,
      redirect_uri: "",
      exchange: [token([plain("grant_type", "client_credentials"), client, hidden("client_secret", "in the vault")])],
    };
  if (grant_type === "device_code")
    return {
      grant_type,
      redirect_uri: "",
      exchange: [
        { method: "POST", address: "https://id.harbour.example/device/auth", parameters: [client] },
        {
          method: "",
          address: "https://id.harbour.example/device",
          parameters: [hidden("user_code", "the code that you enter")],
        },
        token([
          plain("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
          hidden("device_code", "in the vault"),
          client,
        ]),
      ],
    };
  return {};
}

/** A new attempt of an app, by its grant or on another device. */
export function starting(of: App, id: string, connection_id: string | null, byDevice: boolean): Attempt {
  const grant_type = byDevice ? "device_code" : of.grant_type;
  return attempt(grant_type === "client_credentials" ? "exchanging" : "waiting", {
    id,
    app_id: of.id,
    app_name: of.name,
    provider_name: of.provider_name,
    connection_id,
    redirect_uri: of.redirect_uri,
    ...codeless(grant_type),
  });
}

/** A version 1 symbol’s three finder patterns, which is enough for a picture. */
const finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"];
const blank = "0".repeat(21);
const qr_code = Array.from({ length: 21 }, (_, y) => {
  const top = finder[y];
  if (top) return `${top}0101010${top}`;
  const bottom = finder[y - 14];
  return bottom ? `${bottom}${"01".repeat(7)}` : y % 2 ? blank : "10".repeat(10) + "1";
});

export function devicePrompt(attempts: Attempt[], id: string): DevicePrompt {
  const of = attempts.find((one) => one.id === id);
  if (!of) throw trouble("not_found", "It does not exist any more.");
  return {
    user_code: "WDJB-MJHT",
    verification_uri: "https://id.harbour.example/device",
    verification_uri_complete: "https://id.harbour.example/device?user_code=WDJB-MJHT",
    link: "https://id.harbour.example/device?user_code=WDJB-MJHT",
    qr_code,
    interval: 5,
    expires_at: of.expires_at,
  };
}

/** An app of a grant with a connection or a waiting attempt. */
const data = (grant_type: GrantType): FakeData => {
  const own = app("jobs", "Harbour jobs", { provider: "custom", grant_type, provider_name: "id.harbour.example" });
  return { ...empty(), apps: [own] };
};

export const codelessScenarios: { [name in string]: () => FakeData } = {
  device: () => {
    const held = data("device_code");
    return { ...held, attempts: held.apps.map((own) => starting(own, "attempt-1", null, false)) };
  },
  itself: () => {
    const held = data("client_credentials");
    const { tokens, ...rest } = details("c1", "Harbour jobs", "active", 43 * MINUTE);
    const summary = { ...rest.summary, app_id: "jobs", app_name: "Harbour jobs", provider: "custom" };
    const own = {
      ...rest,
      summary: { ...summary, provider_name: "id.harbour.example" },
      account: null,
      application: null,
      authorization: null,
      identity_note: "The token is the app’s own: no person signed in.",
      tokens: tokens && { ...tokens, refresh: null, grant_type: "client_credentials" as const },
    };
    return { ...held, connections: [own.summary], details: { c1: own } };
  },
};
