// Sample data of the providers other than Grigora.

import type { DerivedTokenView, Details, Item, TokenTarget } from "../bindings";
import { provider } from "./providers";
import { app, at, attempt, details, empty, entries, MINUTE, trouble, type FakeData, type FaultControl } from "./data";

type Scenario = (fake: FaultControl) => FakeData;
const seconds = (ms: number): string => String(Math.floor((Date.now() + ms) / 1000));
const item = (id: string, name: string, note: string | null, others: { [name in string]: string } = {}): Item => ({
  id,
  name,
  note,
  others: Object.entries(others).map(([name, value]) => ({ name, value })),
});

/** A connection of a provider without application, authorization and projects. */
function through(of: string, name: string, left: number | null, more: Partial<Details> = {}): Details {
  const { name: provider_name, portal } = provider(of);
  const all = details("c1", name, "active", left, {
    application: null,
    authorization: null,
    project_ids: [],
    deviations: [],
    introspected_at: null,
    portal,
    ...more,
  });
  return { ...all, summary: { ...all.summary, app_id: "own", app_name: "Harbour", provider: of, provider_name } };
}

const data = (held: Details, more: Partial<FakeData> & { app?: Parameters<typeof app>[2] } = {}): FakeData => ({
  ...empty(),
  apps: [app("own", "Harbour", { provider: held.summary.provider, ...more.app })],
  connections: [held.summary],
  details: { c1: held },
  activity: entries("c1").slice(0, 2),
  ...more,
});

const tokens = (access: string, left: number | null, refresh: string | null) => ({
  access: { prefix: access, fingerprint: "4c77d01e" },
  refresh: refresh === null ? null : { prefix: refresh, fingerprint: "aa0e5571" },
  issued_at: at(-20 * MINUTE),
  expires_at: left === null ? null : at(left),
  renewals: 0,
});

const grindery: Scenario = () =>
  data(
    through("grindery", "Harbour automations", 38 * MINUTE, {
      account: {
        id: "eip155:1:0x71C7656EC7ab88b098defB751B7401B5f6d8976F",
        name: "0x71C7656EC7ab88b098defB751B7401B5f6d8976F",
        email: null,
      },
      scopes: { requested: [], granted: [], missing: [] },
      tokens: tokens("eyJhbGciOiJF", 38 * MINUTE, ""),
      claims: {
        header: [
          { name: "alg", value: "ES256" },
          { name: "kid", value: "prod-1" },
          { name: "typ", value: "JWT" },
        ],
        is_verified: false,
        unverified_because: "the issuer publishes no key “prod-1” for ES256",
        signature: { bytes: 64, key_id: null, unverified: { reason: "no_such_key", kid: "prod-1", alg: "ES256" } },
        fields: [
          { name: "iss", value: "urn:grindery:orchestrator" },
          { name: "aud", value: "urn:grindery:access-token:v1" },
          { name: "sub", value: "eip155:1:0x71C7656EC7ab88b098defB751B7401B5f6d8976F" },
          { name: "iat", value: seconds(-22 * MINUTE) },
          { name: "exp", value: seconds(38 * MINUTE) },
          { name: "workspace", value: "ws_boats" },
        ],
      },
      deviations: [{ member: "token_type", found: "came in lower case and was read as Bearer." }],
    }),
    {
      app: { client_id: "", has_secret: false },
      collections: {
        c1: [
          { id: "workspaces", name: "Workspaces", within: null },
          { id: "workflows", name: "Workflows", within: "workspaces" },
        ],
      },
      items: {
        workspaces: [
          item("ws_boats", "Boats", "Everything about the boats", {
            creator: "eip155:1:0x71C7…",
            admins: '["eip155:1:0x71C7…","eip155:1:0x9A20…"]',
            users: "[]",
            createdAt: "1662631200000",
          }),
          item("ws_crew", "Crew", null),
        ],
        "workflows/ws_boats": [
          item("wf_1", "Tell the crew when a boat leaves", "on", { trigger: '{"type":"trigger"}' }),
          item("wf_2", "", "off"),
        ],
        "workflows/ws_crew": [],
      },
    },
  );

const thegrid: Scenario = () =>
  data(
    through("thegrid", "Harbour pages", null, {
      account: { id: "3b1f-77", name: "Ines Duarte", email: "ines@harbour.example" },
      scopes: {
        requested: ["content_management", "website_management", "balance"],
        granted: ["content_management", "website_management"],
        missing: ["balance"],
      },
      tokens: tokens("a91c", null, null),
      deviations: [{ member: "token_type", found: "was missing and read as Bearer." }],
    }),
    {
      app: {
        scopes: ["content_management", "website_management", "balance"],
        overrides: { identity_provider: "github" },
      },
      collections: {
        c1: [
          { id: "sites", name: "Sites", within: null },
          { id: "items", name: "Items", within: "sites" },
        ],
      },
      items: {
        sites: Array.from({ length: 14 }, (_, n) =>
          item(`site-${n}`, n === 3 ? "موقع الميناء" : `Harbour page ${n + 1}`, `harbour-${n + 1}.example`, {
            repo: `harbour/page-${n + 1}`,
            path: "/",
          }),
        ),
        "items/site-0": [
          item("it-1", "The quay in winter", "published", { type: "article" }),
          item("it-2", "Ropes", "draft"),
        ],
      },
    },
  );

const grovestreams: Scenario = () =>
  data(
    through("grovestreams", "Harbour meters", 19 * 60 * MINUTE, {
      account: null,
      scopes: { requested: [], granted: [], missing: [] },
      tokens: tokens("0d3f", 19 * 60 * MINUTE, "77b1"),
    }),
    {
      app: { overrides: { email: "ines@harbour.example" }, has_secret: false },
      collections: { c1: [{ id: "organizations", name: "Organizations", within: null }] },
      items: { organizations: [item("org-1", "Harbour authority", "owner"), item("org-2", "Lighthouses", null)] },
    },
  );

/** A derived token that expires after some time. */
const derived = (id: string, target: Partial<TokenTarget>, left: number | null): DerivedTokenView => ({
  id,
  target: { audiences: [], resources: [], scopes: [], token_type: null, ...target },
  issued: {
    issued_at: at(-10 * MINUTE),
    expires_at: left === null ? null : at(left),
    scopes: target.scopes ?? [],
    token_type: "urn:ietf:params:oauth:token-type:access_token",
    is_bearer: true,
  },
  error: null,
});

const custom: Scenario = () =>
  data(
    through("custom", "Harbour identity", 5 * MINUTE, {
      account: null,
      renews_at: null,
      scopes: { requested: ["openid", "profile"], granted: [], missing: [] },
      tokens: {
        ...tokens("eyJ0eXAi", 5 * MINUTE, null),
        id_token: { expires_at: at(40 * MINUTE), received_at: at(-20 * MINUTE) },
      },
      derived_tokens: [
        derived("d1", { audiences: ["berths"], scopes: ["berths:read"] }, 20 * MINUTE),
        derived("d2", { resources: ["https://tides.harbour.example/api"] }, -5 * MINUTE),
        {
          ...derived("d3", { audiences: ["cranes"], scopes: ["cranes:operate"] }, null),
          issued: null,
          error: trouble(
            "provider_error",
            "id.harbour.example refuses to exchange the token for one for cranes (400, invalid_target).",
            "The connection’s own token is not affected.",
            "Compare the audience with what the provider knows.",
          ),
        },
      ],
      id_claims: {
        header: [
          { name: "alg", value: "ES512" },
          { name: "kid", value: "k1" },
        ],
        is_verified: false,
        unverified_because: "the app has no JWKS URL",
        signature: { bytes: 132, key_id: null, unverified: { reason: "no_keys_url" } },
        fields: [
          { name: "sub", value: "7" },
          { name: "aud", value: "harbour-client" },
          { name: "nonce", value: "n-0S6_WzA2Mj" },
        ],
      },
      identity_note: "Userinfo: it answered 403 (insufficient_scope).",
      claims: {
        header: [
          { name: "alg", value: "RS256" },
          { name: "kid", value: "2026-11" },
        ],
        is_verified: true,
        signature: { bytes: 256, key_id: "2026-11", unverified: null },
        fields: [
          { name: "iss", value: "https://id.harbour.example" },
          { name: "auth_time", value: seconds(-30 * MINUTE) },
          { name: "roles", value: '["crew","pilot"]' },
        ],
      },
    }),
    {
      app: {
        overrides: {
          authorize_url: "https://id.harbour.example/authorize",
          token_url: "https://id.harbour.example/token",
          revocation_url: "https://id.harbour.example/revoke",
          end_session_url: "https://id.harbour.example/logout",
        },
        scopes: ["openid", "profile"],
        way_back: "loopback",
        redirect_uri: "http://127.0.0.1:8311/callback",
      },
      revocation: "done",
    },
  );

const attempting =
  (of: Scenario, change: Parameters<typeof app>[2]): Scenario =>
  (fake) => {
    const held = of(fake);
    const [first] = held.apps;
    if (!first) return held;
    Object.assign(first, change);
    const { id: app_id, name: app_name, provider_name, redirect_uri } = first;
    return {
      ...held,
      connections: [],
      details: {},
      attempts: [attempt("waiting", { app_id, app_name, provider_name, redirect_uri })],
    };
  };

const alone =
  (of: Scenario): Scenario =>
  (fake) => ({ ...of(fake), connections: [], details: {}, attempts: [] });

export const others: { [name in string]: Scenario } = {
  grindery,
  thegrid,
  grovestreams,
  custom,
  "grindery-waiting": attempting(grindery, {}),
  "loopback-waiting": attempting(custom, { way_back: "loopback", redirect_uri: "http://127.0.0.1:8311/callback" }),
  "paste-waiting": attempting(thegrid, { way_back: "paste", redirect_uri: "https://harbour.example/callback" }),
  "grovestreams-app": alone(grovestreams),
  "port-taken": (fake) => {
    fake.fail(
      "startAttempt",
      trouble(
        "port_taken",
        "Port 8311 of this computer belongs to another program.",
        "Nothing was sent.",
        "Close that program and try again; or register another port at the provider, and change the app to it.",
      ),
    );
    return alone(custom)(fake);
  },
  "things-error": (fake) => {
    fake.fail(
      "items",
      trouble(
        "provider_unavailable",
        "The Grid answered 503.",
        "Your token works on. Nothing was lost.",
        "Try again in a few minutes.",
      ),
    );
    return thegrid(fake);
  },
  "things-slow": (fake) => {
    fake.wait("items", 1e9);
    return thegrid(fake);
  },
  "things-none": (fake) => ({ ...thegrid(fake), items: {} }),
};
