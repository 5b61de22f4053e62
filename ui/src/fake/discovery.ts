// The metadata of sample issuers.

import type { App, Discovery, EndpointCheck, Rediscovery } from "../bindings";
import { provider } from "./providers";
import { trouble } from "./data";

const announced = (issuer: string): Discovery => ({
  issuer,
  documents: [`${issuer}/.well-known/openid-configuration`],
  values: {
    issuer,
    authorize_url: `${issuer}/authorize`,
    token_url: `${issuer}/token`,
    jwks_url: `${issuer}/jwks`,
    userinfo_url: `${issuer}/userinfo`,
    require_iss: "true",
    pkce: "always",
    client_auth: "basic",
  },
  scopes: ["openid", "profile", "email"],
  client_auth: ["basic"],
  grant_types: ["authorization_code", "device_code", "client_credentials"],
  registration: { auth_method: null, takes_metadata_url: false },
  resource: null,
  notes: [
    {
      kind: "unsupported",
      text:
        "The issuer accepts only pushed authorization requests (PAR, RFC 9126), " +
        "which Grapnel does not send. It will refuse sign-ins.",
    },
    {
      kind: "notice",
      text:
        "The issuer announces no method of PKCE. Grapnel sends S256 all the same; " +
        "a server that does not know it ignores it.",
    },
  ],
});

export function discover(issuer: string, server: string | null = null): Discovery {
  if (!/^https:/.test(issuer)) throw { ...trouble("invalid_input", "That is not an https address."), field: "issuer" };
  const spelled = `${issuer}/`;
  if (issuer.endsWith(".slash.example"))
    throw {
      ...trouble("provider_error", `The provider spells its issuer ${spelled}.`),
      field: "issuer",
      suggestion: spelled,
    };
  if (new URL(issuer).pathname !== "/mcp") return announced(issuer);
  // A protected resource with a choice of authorization servers.
  const servers = ["https://id.example", "https://login.example"];
  const found = announced(server ?? "https://id.example");
  return {
    ...found,
    values: { ...found.values, registration_url: `${found.issuer}/register`, resource: issuer, api_base: issuer },
    scopes: ["mcp:tools", "offline_access"],
    registration: { auth_method: "none", takes_metadata_url: true },
    resource: {
      resource: issuer,
      document: `${new URL(issuer).origin}/.well-known/oauth-protected-resource/mcp`,
      name: "Acme tools",
      authorization_servers: servers,
      needs_dpop: false,
      scopes: ["mcp:tools", "offline_access"],
    },
    notes: [],
  };
}

export function rediscover(app: App): Rediscovery {
  const discovery = announced(app.overrides["issuer"] ?? "");
  const value = (key: string) =>
    app.overrides[key] ?? provider(app.provider).values.find((one) => one.key === key)?.value ?? "";
  const changes = Object.entries(discovery.values)
    .filter(([key, after]) => value(key) !== after)
    .map(([key, after]) => ({ key, before: value(key), after }));
  return { discovery, changes };
}

/** A test of endpoints: a host with “down” in its name is not reached. */
export function checked(id: string, overrides: { [key in string]: string }): EndpointCheck[] {
  const value = (key: string) => overrides[key] ?? provider(id).values.find((one) => one.key === key)?.value ?? "";
  const keys = ["authorize_url", "token_url", "userinfo_url", "jwks_url", "api_base"].filter(value);
  return keys.map((key): EndpointCheck => {
    const { host } = new URL(value(key));
    if (host.includes("down")) {
      const found = `${host} could not be reached: connection refused (${host}:443).`;
      return { key, outcome: "failed", found, hint: null };
    }
    if (key === "token_url") {
      const found = `${host} (TLS, certificate trusted) refused the test as a token endpoint does (invalid_request).`;
      return { key, outcome: "passed", found, hint: null };
    }
    const is = key === "api_base" ? "404 Not Found" : "400 Bad Request";
    return {
      key,
      outcome: key === "api_base" ? "unclear" : "passed",
      found: `${host} (TLS, certificate trusted) answered ${is}.`,
      hint:
        key === "api_base" ? "Some providers do so without parameters. If it fails when used, compare the URL." : null,
    };
  });
}
