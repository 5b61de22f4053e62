// Sample data of the fake host.

import type {
  ApiExchangeView,
  App,
  Attempt,
  Collection,
  commands,
  Details,
  Entry,
  Error as Trouble,
  Event as Happening,
  Hook,
  Item,
  Message,
  Overview,
  Post,
  Project,
  Protection,
  Revocation,
  SavedRequest,
  Settings,
  State,
  Team,
  TeamActivity,
} from "../bindings";
import { provider, providers } from "./providers";

/** The part of the fake host that a scenario can control. */
export type FaultControl = {
  fail(name: keyof typeof commands, error: Trouble | null): void;
  wait(name: keyof typeof commands, ms: number): void;
};

export type FakeData = Omit<Overview, "has_more"> & {
  /** The number of connections in the first overview. */
  first: number;
  /** Events from before the page listened. */
  missed: Happening[];
  details: { [id in string]: Details };
  projects: Project[];
  posts: { [project in string]: Post[] };
  activity: Entry[];
  /** Whether all content is in the offline copy. */
  wasRead?: boolean;
  settings: Settings;
  hooks: Hook[];
  /** The file that the person chooses in the system's dialog; null if they cancel. */
  chosen: string | null;
  /** Whether the person confirms the system's dialogs; true by default. */
  agrees?: boolean;
  /** The result of revoking tokens. */
  revocation?: Revocation;
  /** The vault's protection; the keyring by default. */
  protection?: Protection;
  /** The collections of each connection. */
  collections: { [connection in string]: Collection[] };
  /** The requests that were sent and saved, and what is noted about each response. */
  requests?: { sent: { connection: string; view: ApiExchangeView; answer?: string }[]; saved: SavedRequest[] };
  requestNotes?: string[];
  teams?: Team[];
  teamActivity?: TeamActivity[];
  /** The items of each collection; those of a parent under `kind/id`. */
  items: { [kind in string]: Item[] };
};

export const MINUTE = 60_000;
export const at = (ms: number): string => new Date(Date.now() + ms).toISOString();

export const empty = (): FakeData => ({
  providers,
  apps: [],
  connections: [],
  first: 100,
  attempts: [],
  vault: null,
  sandbox: null,
  sandbox_apps: [],
  missed: [],
  details: {},
  projects: [],
  posts: {},
  activity: [],
  collections: {},
  items: {},
  chosen: "/home/amelie/grapnel.age",
  settings: {
    browser: "",
    proxy: "",
    certificates: "",
    quiet: false,
    tray: false,
    margin: "usual",
    auto_lock: "never",
    lock_on_suspend: false,
    redirect_method: "deep_link",
  },
  hooks: [],
});

export const grigora = provider("grigora");

export const app = (id: string, name: string, more: Partial<App> = {}): App => {
  const of = provider(more.provider ?? "grigora");
  return {
    id,
    name,
    provider: of.id,
    provider_name: of.name,
    client_id: `${id}-7f3a`,
    has_secret: true,
    redirect_uri: grigora.redirect_uri,
    own_redirect_uri: null,
    grant_type: "authorization_code",
    offers_device: false,
    uses_pkce: of.values.find(({ key }) => key === "pkce")?.value !== "never",
    way_back: "deep_link",
    scopes: [],
    projects: [],
    overrides: {},
    secrets: [],
    discovered: [],
    registration: null,
    environment: null,
    other_hosts: [],
    left_out: [],
    login_host: of.id === "grovestreams" ? "grovestreams.com" : null,
    created_at: at(-40 * 24 * 60 * MINUTE),
    ...more,
  };
};

export const trouble = (
  code: Trouble["code"],
  message: string,
  meaning: string | null = null,
  hint: string | null = null,
): Trouble => ({ code, message, meaning, hint, field: null });

export const refused = trouble(
  "reconnect_needed",
  "Grigora answered that the refresh token is no longer valid. " +
    "This is usual after a password change, or when someone removed the app from the site.",
  "The access token expired, and scripts that use this connection stop. " +
    "Nothing was deleted here: history, projects and posts are kept.",
  "Sign in once more. The connection keeps its name, and scripts go on without a change.",
);

export const unavailable = trouble(
  "provider_unavailable",
  "Grigora answered 503.",
  "Your token works until it expires. Nothing was lost.",
  "Try again in a few minutes.",
);

const granted = ["cms:post:read", "directory:items:read", "project:details:read"];

export function details(
  id: string,
  name: string,
  state: State,
  left: number | null,
  more: Partial<Details> = {},
): Details {
  return {
    summary: {
      id,
      name,
      app_id: "acme-sites",
      app_name: "Acme Sites",
      environment: null,
      provider: "grigora",
      provider_name: "Grigora",
      state,
      expires_at: left === null || state === "disconnected" ? null : at(left),
      retry_at: state === "retrying" ? at(4 * MINUTE) : null,
      sign_in_due: null,
      lacks_scopes: false,
      can_refresh: state !== "disconnected",
      annotations: { label: null, note: "", pinned: false, position: null },
    },
    account: { id: "u_41ac09", name: "Amélie Renard", email: "amelie@acme.example" },
    identity_note: null,
    application: {
      id: "app_7f3a",
      display_name: "Acme Sites",
      description: "Reads the journal for the shop",
      homepage: "https://acme.example",
    },
    authorization: {
      id: "auth_0c55",
      created_on: at(-9 * 24 * 60 * MINUTE),
      expires_at: null,
      grant_type: "authorization_code",
      scopes: granted,
      project_ids: ["p1", "p2", "p3"],
    },
    scopes: { requested: [], granted, missing: [] },
    project_ids: ["p1", "p2", "p3"],
    tokens:
      state === "disconnected"
        ? null
        : {
            access: { prefix: "gri_at_7Kd2", fingerprint: "9f3c21ab" },
            refresh: { prefix: "gri_rt_q0Zx", fingerprint: "17be44d0" },
            issued_at: at((left ?? 43 * MINUTE) - 60 * MINUTE),
            expires_at: left === null ? null : at(left),
            renewals: 24,
            expiry_source: "reply",
            refresh_expires_at: null,
            refresh_end_is_fixed: false,
            signed_in_at: at(-9 * 24 * 60 * MINUTE),
            id_token: null,
            dpop: null,
            certificate: null,
          },
    deviations: [
      { member: "expires_in", found: "came as text and was read as the number 3600." },
      { member: "scope", found: "was split by commas, not spaces." },
    ],
    trouble: null,
    claims: null,
    id_claims: null,
    introspected_at: at(-17 * MINUTE),
    created_at: at(-9 * 24 * 60 * MINUTE),
    browser: "",
    portal: grigora.portal,
    renews_at: left === null || state === "disconnected" ? null : at(left - Math.min(6 * MINUTE, Math.abs(left) / 5)),
    seen:
      state === "disconnected"
        ? null
        : {
            status: 200,
            content_type: "application/json",
            headers: [],
            body: JSON.stringify(
              {
                access_token: "‹43 characters›",
                token_type: "Bearer",
                expires_in: "3600",
                refresh_token: "‹43 characters›",
                scope: granted.join(","),
                project_ids: ["p1", "p2", "p3"],
              },
              null,
              2,
            ),
          },
    ...more,
  };
}

/** The first message of a sign-in with email and password. */
export const byPassword = (email: string): Message => ({
  method: "POST",
  address: "https://grovestreams.com/api/oauth_login",
  parameters: [
    { name: "email", value: email, hidden: false },
    { name: "password", value: "used once and never kept", hidden: true },
  ],
  reply: null,
});

export function attempt(phase: Attempt["phase"], more: Partial<Attempt> = {}): Attempt {
  const back = !["waiting", "cancelled", "timed_out"].includes(phase);
  const redirect_uri = more.redirect_uri ?? grigora.redirect_uri;
  const of = providers.find(({ name }) => name === more.provider_name) ?? grigora;
  const told = (key: string) => of.values.find((value) => value.key === key)?.value ?? "";
  const hidden = (name: string, value: string) => ({ name, value, hidden: true });
  const plain = (name: string, value: string) => ({ name, value, hidden: false });
  const client = told("client_id") === "none" ? [] : [plain("client_id", "acme-sites-7f3a")];
  const pkce = told("pkce") !== "never";
  return {
    id: "attempt-1",
    app_id: "acme-sites",
    app_name: "Acme Sites",
    provider_name: "Grigora",
    connection_id: phase === "done" ? "c1" : null,
    grant_type: "authorization_code",
    phase,
    redirect_uri,
    started_at: at(-3 * MINUTE),
    expires_at: at(7 * MINUTE + 5000),
    error: null,
    refused: null,
    other_account: null,
    same_account: [],
    exchange: [
      {
        method: "GET",
        address: told("authorize_url") || "https://id.harbour.example/authorize",
        parameters: [
          plain("response_type", "code"),
          ...client,
          plain("redirect_uri", redirect_uri),
          hidden("state", "43 characters"),
          ...(pkce
            ? [
                plain("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                plain("code_challenge_method", "S256"),
              ]
            : []),
        ],
      },
      {
        method: "",
        address: redirect_uri,
        parameters:
          phase === "denied"
            ? [plain("error", "access_denied"), hidden("state", "43 characters")]
            : [
                hidden("code", back ? "22 characters" : "not here yet"),
                hidden("state", back ? "43 characters" : "must match step 1"),
              ],
      },
      {
        method: "POST",
        address: told("token_url") || "https://id.harbour.example/token",
        parameters: [
          plain("grant_type", "authorization_code"),
          hidden("code", "from step 2"),
          ...client,
          ...(told("client_secret") === "none" ? [] : [hidden("client_secret", "in the vault")]),
          ...(pkce ? [hidden("code_verifier", "43 characters")] : []),
        ],
      },
    ],
    ...more,
  };
}

export const entries = (connection: string): Entry[] => [
  {
    at: at(-5 * MINUTE),
    kind: "token_copied",
    text: "The access token was copied to the clipboard.",
    times: 1,
    last_at: null,
    connection_id: connection,
    app_id: null,
    exchange_id: null,
  },
  {
    at: at(-17 * MINUTE),
    kind: "renewed",
    text: "Refreshed because you asked.",
    times: 1,
    last_at: null,
    connection_id: connection,
    app_id: null,
    exchange_id: null,
  },
  {
    at: at(-72 * MINUTE),
    kind: "renewed",
    text: "Refreshed because the token was needed. The attempt before it had failed.",
    times: 1,
    last_at: null,
    connection_id: connection,
    app_id: null,
    exchange_id: null,
  },
  {
    at: at(-2 * 24 * 60 * MINUTE),
    kind: "signed_in",
    text: "Signed in as Amélie Renard. 3 scopes were granted, for 3 projects.",
    times: 1,
    last_at: null,
    connection_id: connection,
    app_id: "acme-sites",
    exchange_id: null,
  },
  {
    at: at(-2 * 24 * 60 * MINUTE - MINUTE),
    kind: "sign_in_started",
    text: "Sign-in started.",
    times: 1,
    last_at: null,
    connection_id: null,
    app_id: "acme-sites",
    exchange_id: null,
  },
];
