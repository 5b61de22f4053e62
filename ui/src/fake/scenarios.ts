// The scenarios of the fake host.

import { certificateApp, clientKeyApp } from "./adding";
import { codelessScenarios } from "./device";
import type { FakePosts } from "./browse";
import { posts } from "./posts";
import { registeredScenario } from "./registering";
import { exchanges } from "./exchanges";
import { sentBefore } from "./requests";
import { others } from "./others";
import { teamScenarios } from "./teamScenarios";
import {
  app,
  at,
  attempt,
  details,
  empty,
  entries,
  MINUTE,
  refused,
  trouble,
  unavailable,
  type FakeData,
  type FaultControl,
} from "./data";

const project = (id: string, name: string, domain: string | null) => ({
  id,
  name,
  domain,
  slug: name.toLocaleLowerCase().replaceAll(" ", "-"),
  others: [
    { name: "locale", value: "en-GB" },
    { name: "created_on", value: "1717408800" },
  ],
});

const held = (all: FakeData["details"][string][], more: Partial<FakeData> = {}): FakeData => ({
  ...empty(),
  apps: [app("acme-sites", "Acme Sites"), app("acme-shop", "Acme Shop")],
  connections: all.map((one) => one.summary),
  details: Object.fromEntries(all.map((one) => [one.summary.id, one])),
  projects: [
    project("p1", "Acme Journal", "journal.acme.example"),
    project("p2", "Acme Shop", "shop.acme.example"),
    project("p3", "Spring campaign", null),
    project("p4", "مدونة الميناء", "harbour.example"),
  ],
  posts: { p1: posts(412), p2: posts(5000), p3: [], p4: posts(60) },
  activity: entries("c1"),
  ...more,
});

const some = () =>
  held([
    details("c1", "Acme production", "active", 43 * MINUTE + 1000),
    details("c2", "Acme staging", "active", 12 * MINUTE + 1000, {
      scopes: {
        requested: ["cms:post:read", "cms:post:write"],
        granted: ["cms:post:read", "cms:category:read"],
        missing: ["cms:post:write"],
      },
    }),
    details("c3", "Bakery site", "renewing", 2 * MINUTE),
    details("c4", "Old portfolio", "expired", -3 * 24 * 60 * MINUTE),
  ]);

/** Apps in two environments, and one in none. */
const environments = () => {
  const of = (app_id: string, app_name: string, environment: string | null, one: FakeData["details"][string]) => ({
    ...one,
    summary: { ...one.summary, app_id, app_name, environment },
  });
  return held(
    [
      of("acme-sites", "Acme Sites", "Production", details("c1", "Acme production", "active", 43 * MINUTE + 1000)),
      of("acme-staging", "Acme Staging", "Staging", details("c2", "Acme staging", "active", 12 * MINUTE + 1000)),
      of("acme-sites", "Acme Sites", "Production", details("c3", "Bakery site", "renewing", 2 * MINUTE)),
      of("old", "Old portfolio", null, details("c4", "Old portfolio", "expired", -3 * 24 * 60 * MINUTE)),
    ],
    {
      apps: [
        app("acme-sites", "Acme Sites", { environment: "Production" }),
        app("acme-staging", "Acme Staging", { environment: "Staging" }),
        app("acme-meters", "Acme Meters", { environment: "Staging", provider: "grovestreams" }),
        app("old", "Old portfolio"),
      ],
    },
  );
};

const troubled = () =>
  held([
    details("c1", "Acme production", "reconnect_needed", -286 * MINUTE, { trouble: refused }),
    details("c2", "Bakery site", "retrying", 14 * MINUTE, {
      trouble: unavailable,
      failed_refreshes: { count: 3, last_at: at(-12_000), cause: "HTTP 503" },
    }),
    details("c3", "Greenhouse", "locked", 31 * MINUTE, {
      trouble: trouble(
        "keyring_locked",
        "The keyring is locked.",
        "The tokens are safe in it, and cannot be used until it opens.",
        "Unlock the keyring, then try again.",
      ),
    }),
    details("c4", "Night desk", "disconnected", null),
    details("c5", "Old portfolio", "expired", -3 * 24 * 60 * MINUTE),
    details("c6", "Without an end", "active", null),
  ]);

const many = (count = 300) => {
  const states = ["active", "active", "active", "expired", "retrying", "reconnect_needed", "disconnected"] as const;
  return held(
    Array.from({ length: count }, (_, n) =>
      details(
        `c${n + 1}`,
        `Client site ${String(n + 1).padStart(String(count).length, "0")}`,
        states[n % states.length] ?? "active",
        ((n * 7) % 60) * MINUTE + 30_000,
      ),
    ),
    {
      projects: Array.from({ length: 40 }, (_, n) =>
        project(`p${n + 1}`, `Project ${n + 1}`, n % 5 === 0 ? null : `p${n + 1}.example`),
      ),
      posts: { p1: posts(5000), p2: posts(100_000) },
      activity: Array.from({ length: 900 }, (_, n) => ({
        at: at(-n * 37 * MINUTE),
        kind: "renewed" as const,
        text: "Refreshed because the token was needed.",
        times: 1,
        last_at: null,
        connection_id: `c${(n % 300) + 1}`,
        app_id: null,
        exchange_id: null,
      })),
    },
  );
};

/** Forty connections of an agency: several providers, environments and states, and some very long names. */
const forty = () => {
  const places = [
    { app_id: "live", app_name: "Agency", environment: "Production", provider: "grigora", provider_name: "Grigora" },
    {
      app_id: "stage",
      app_name: "Agency (Staging)",
      environment: "Staging",
      provider: "grigora",
      provider_name: "Grigora",
    },
    {
      app_id: "meters",
      app_name: "Meters",
      environment: "Production",
      provider: "grovestreams",
      provider_name: "GroveStreams",
    },
    { app_id: "flows", app_name: "Flows", environment: null, provider: "grindery", provider_name: "Grindery" },
    { app_id: "pages", app_name: "Pages", environment: null, provider: "thegrid", provider_name: "The Grid" },
    {
      app_id: "id",
      app_name: "Harbour ID",
      environment: null,
      provider: "custom",
      provider_name: "id.harbour.example",
    },
  ];
  const states = [
    "active",
    "active",
    "active",
    "expired",
    "active",
    "retrying",
    "active",
    "reconnect_needed",
    "active",
    "disconnected",
  ] as const;
  const long = "The harbour office’s connection for the quarterly reports of every subsidiary, second attempt";
  return held(
    Array.from({ length: 40 }, (_, n) => {
      const name =
        n === 12
          ? long
          : n === 13
            ? "عميل الميناء"
            : n === 14
              ? "ご_very_long_name_without_any_space_".repeat(3)
              : `Client ${n + 1}`;
      const one = details(`c${n + 1}`, name, states[n % states.length] ?? "active", ((n * 37) % 240) * MINUTE + 30_000);
      return { ...one, summary: { ...one.summary, ...places[n % places.length] } };
    }),
    {
      apps: places.map(({ app_id, app_name, environment, provider }) =>
        app(app_id, app_name, { environment, provider }),
      ),
      attempts: [attempt("failed", { app_id: "id", app_name: "Harbour ID", provider_name: "id.harbour.example" })],
    },
  );
};

const ended = (phase: Parameters<typeof attempt>[0], error: FakeData["vault"] = null) => ({
  ...some(),
  attempts: [attempt(phase, { error })],
});

export const scenarios: { [name in string]: (fake: FaultControl & { posts: FakePosts }) => FakeData } = {
  ...codelessScenarios,
  empty,
  some,
  environments,
  forty,
  many: () => many(),
  thousands: () => many(10_000),
  troubled,
  differing: () => {
    const data = some();
    const said = data.details.c1?.authorization;
    if (said) said.scopes = ["cms:post:read", "cms:post:write", "directory:items:read"];
    return data;
  },
  waiting: () => ended("waiting"),
  exchanging: () => ended("exchanging"),
  identifying: () => ended("identifying"),
  denied: () => ended("denied"),
  timed_out: () => ended("timed_out"),
  failed: () => {
    const data = ended(
      "failed",
      trouble(
        "invalid_client",
        "Grigora does not accept the client ID or secret.",
        "No token exists, and nothing was changed.",
        "Compare both with your app’s page at the provider, and change the app here.",
      ),
    );
    const exchange = data.attempts[0]?.exchange.at(-1);
    if (exchange)
      exchange.reply = {
        status: 401,
        content_type: "application/json",
        headers: [],
        body: JSON.stringify({ error: "invalid_client", error_description: "Client authentication failed." }, null, 2),
      };
    return data;
  },
  app: () => held([]),
  registered: registeredScenario,
  client_key: () => ({ ...held([]), apps: [clientKeyApp] }),
  certificate: () => ({ ...held([]), apps: [certificateApp] }),
  unwritable: (fake) => {
    fake.fail(
      "overview",
      trouble(
        "data_unwritable",
        "The folder /home/amelie/.local/share/dev.grapnel.desktop cannot be written.",
        "Your connections are untouched, and cannot be used until it can.",
        "Give yourself the right to write there, or make room on the disk.",
      ),
    );
    return empty();
  },
  vault: () => ({
    ...some(),
    vault: trouble(
      "keyring_locked",
      "The keyring is locked.",
      "Your tokens are safe in it, and cannot be used until it opens.",
      "Unlock it, then try again.",
    ),
  }),
  "key-missing": () => ({
    ...some(),
    vault: trouble(
      "key_missing",
      "Your keyring has no key for this vault any more.",
      "The tokens held here cannot be opened without it. They are kept, in case the key comes back.",
      "Bring back the keyring as it was, for example from a backup. " +
        "If it is lost for good, reset the vault (grapnel vault reset): " +
        "its secrets are deleted, and you reconnect.",
    ),
  }),
  passphrase: () => ({
    ...some(),
    protection: "passphrase",
    vault: trouble(
      "passphrase_needed",
      "The vault is locked, and opens with your passphrase.",
      "None of your tokens is lost.",
      "Enter the passphrase.",
    ),
  }),
  "sandbox-stopped": () => ({
    ...some(),
    sandbox: trouble(
      "port_taken",
      "The sandbox is not running: port 4780 is used by another program.",
      "The connections of its apps cannot be refreshed meanwhile.",
      "End that program, then try again. Sandbox apps work again once it runs. " +
        "Apps of real providers are not affected.",
    ),
    sandbox_apps: ["acme-sites"],
  }),
  wire: (fake) => {
    for (const name of ["projects", "loadPosts", "project", "activity", "refresh"] as const)
      fake.fail(name, unavailable);
    return some();
  },
  // The offline copy, while the provider is unreachable.
  offline: (fake) => {
    for (const name of ["projects", "loadPosts", "project"] as const) fake.fail(name, unavailable);
    const data = { ...some(), wasRead: true };
    data.projects = data.projects.map((project, n) => ({ ...project, posts: n === 0 ? 412 : n === 1 ? 5000 : null }));
    fake.posts.load(data, "c1", {
      project_id: "p1",
      sort: null,
      order: null,
      status: null,
      title: null,
      updated_from: null,
      updated_to: null,
      published_from: null,
      published_to: null,
      author: null,
      category: null,
      words_from: null,
      words_to: null,
    });
    return data;
  },
  browser: (fake) => {
    fake.fail(
      "openBrowser",
      trouble(
        "browser_failed",
        "No browser could be started.",
        "Nothing was sent.",
        "Copy the link and open it in a browser yourself.",
      ),
    );
    return some();
  },
  "way-back-lost": (fake) => {
    fake.fail(
      "testDeepLink",
      trouble(
        "browser_failed",
        "Deep links to Grapnel are opened by “other.desktop”.",
        "A sign-in by deep link would time out. Nothing was sent to the provider.",
        "Use loopback (127.0.0.1) instead, or continue and paste the redirect URL.",
      ),
    );
    return held([]);
  },
  ...others,
  ...teamScenarios(some),
  requested: () => ({
    ...some(),
    requests: {
      sent: [
        sentBefore("c1", "GET", "project/list", 4),
        sentBefore("c1", "POST", "post/list", 31),
        sentBefore("c1", "GET", "media/cover.webp", 58),
        sentBefore("c1", "GET", "teapot", 1500),
      ],
      saved: [
        {
          id: "s1",
          name: "Latest posts",
          draft: {
            method: "POST",
            target: "post/list",
            headers: [],
            body: '{\n  "project_id": "p1",\n  "limit": 5\n}',
          },
        },
      ],
    },
  }),
  exchanged: () => {
    const data = some();
    const entry = data.activity[1];
    if (entry) {
      entry.exchange_id = "refresh-2";
      entry.kind = "renewal_refused";
      entry.text = "Grigora refused the refresh token: “The refresh token was revoked.”";
    }
    return { ...data, requests: { sent: exchanges(), saved: [] } };
  },
  opening: (fake) => (fake.wait("overview", 1e9), some()),
  slow: (fake) => {
    for (const name of ["projects", "loadPosts", "refresh", "project"] as const) fake.wait(name, 1e9);
    return some();
  },
};
