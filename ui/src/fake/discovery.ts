// The metadata of sample issuers.

import type { App, Discovery, Rediscovery } from "../bindings";
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

export function discover(issuer: string): Discovery {
  if (!/^https:/.test(issuer)) throw { ...trouble("invalid_input", "That is not an https address."), field: "issuer" };
  const spelled = `${issuer}/`;
  if (issuer.endsWith(".slash.example"))
    throw {
      ...trouble("provider_error", `The provider spells its issuer ${spelled}.`),
      field: "issuer",
      suggestion: spelled,
    };
  return announced(issuer);
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
