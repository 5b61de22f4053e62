// The fake host’s validation and storage of apps.

import type { App, CertificateView, NewApp } from "../bindings";
import { provider } from "./providers";
import { app, trouble } from "./data";

export const proposed = {
  deep_link: "dev.grapnel.desktop:/oauth/callback/k3mzq7wdab",
  loopback: "http://127.0.0.1/callback/k3mzq7wdab",
};

export function adding(given: NewApp, id: string): App {
  const wrong = (field: string, message: string) => ({ ...trouble("invalid_input", message), field });
  const of = provider(given.provider);
  const overrides = given.overrides ?? {};
  const value = (key: string) => overrides[key] ?? of.values.find((one) => one.key === key)?.value ?? "";
  if (value("client_id") === "required" && !given.client_id) throw wrong("client_id", "A client ID is needed.");
  const grant = (value("grant_type") || "authorization_code") as App["grant_type"];
  const own = {
    authorization_code: ["authorize_url"],
    device_code: ["device_authorization_url"],
    client_credentials: [],
    jwt_bearer: [],
  };
  for (const key of [...own[grant], "token_url"]) if (!value(key)) throw wrong(key, "The address is empty.");
  const secrets = Object.entries(given.secrets ?? {})
    .filter(([, value]) => value !== null)
    .map(([key]) => key);
  for (const [key, text] of Object.entries(overrides)) {
    if (/_url$|^api_base$/.test(key) && !/^https:|^http:\/\/127\.0\.0\.1/.test(text))
      throw wrong(key, "Use https, or 127.0.0.1.");
    if (/_prefix$/.test(key) && text.includes(" ")) throw wrong(key, "A prefix has no space in it.");
  }
  const redirect = given.redirect || "deep-link";
  const loopback = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::([^/]*))?/.exec(
    redirect === "loopback" ? proposed.loopback : redirect,
  );
  const deepLink =
    redirect === "deep-link" ? proposed.deep_link : /^dev\.grapnel\.desktop:/.test(redirect) ? redirect : null;
  const port = loopback?.[1];
  if (port !== undefined && !(Number(port) > 0 && Number(port) < 65536)) throw wrong("redirect", "That is not a port.");
  if (!loopback && !deepLink && !/^https:\/\/./.test(redirect)) throw wrong("redirect", "Enter an https address.");
  return app(id, given.name || of.name, {
    provider: of.id,
    client_id: given.client_id,
    has_secret: given.client_secret !== null,
    overrides,
    secrets,
    discovered: given.discovered ?? [],
    environment: given.environment?.trim() || null,
    scopes: given.scopes ?? [],
    projects: given.projects ?? [],
    way_back: loopback ? "loopback" : deepLink ? "deep_link" : "paste",
    redirect_uri: deepLink ?? (redirect === "loopback" ? proposed.loopback : redirect),
    grant_type: grant,
    offers_device: value("device_authorization_url") !== "" && grant !== "client_credentials",
    uses_pkce: value("pkce") !== "never",
  });
}

export function changing(given: NewApp, before: App): App {
  const moved = given.overrides?.token_url !== before.overrides.token_url;
  if (before.has_secret && moved && given.client_secret === null) {
    throw {
      ...trouble(
        "invalid_input",
        "The client secret was saved for the addresses that the app had before.",
        "It is not sent to https://elsewhere.example. Nothing was changed.",
        "Enter the client secret again, if it is meant for there.",
      ),
      field: "client_secret",
    };
  }
  return {
    ...adding(given, before.id),
    has_secret: given.client_secret === null ? before.has_secret : given.client_secret !== "",
  };
}

/** The public half of a made-up private key. */
export const publicKeySet = JSON.stringify(
  {
    keys: [
      {
        kty: "EC",
        crv: "P-256",
        x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        use: "sig",
        alg: "ES256",
        kid: "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",
      },
    ],
  },
  null,
  2,
);

/** An app that authenticates with a private key. */
export const clientKeyApp = app("harbour", "Harbour API", {
  provider: "custom",
  has_secret: false,
  overrides: {
    authorize_url: "https://id.harbour.example/authorize",
    token_url: "https://id.harbour.example/token",
    client_auth: "private_key_jwt",
  },
  secrets: ["client_key"],
});

/** An app that authenticates with a TLS certificate, which expires soon. */
export const certificateApp = app("harbour", "Harbour API", {
  ...clientKeyApp,
  overrides: { ...clientKeyApp.overrides, client_auth: "self_signed_tls_client_auth", certificate_bound: "true" },
  secrets: ["client_certificate"],
});

export const certificate: CertificateView = {
  subject: "CN=Grapnel",
  issuer: "CN=Grapnel",
  not_before: "2025-03-19T00:00:00Z",
  not_after: "2026-03-19T00:00:00Z",
  thumbprint: "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0",
  pem: "-----BEGIN CERTIFICATE-----\nMIIBBjCBrAIBAjAKBggqhkjOPQQDAjAP\n-----END CERTIFICATE-----\n",
  jwks: publicKeySet,
  note:
    "The certificate expires on 2026-03-19. Edit the app, and replace the certificate: enter a new one, or remove " +
    "one that Grapnel made to have another made. Then register the new one at the provider.",
};
