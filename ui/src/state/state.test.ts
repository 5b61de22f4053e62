import { describe, expect, test, vi } from "vitest";
import { app as fakeApp, attempt, details, trouble } from "../fake/data";
import { filtered, sidebarRows, isCurrent, routeOf } from "./sidebarRows";
import { categories, categoryOf } from "./categories";
import { tokenTimeline } from "./tokenTimeline";
import { Load } from "./load.svelte";
import { dayMoment, daysOf } from "./filters";
import { nextChangeOf } from "./changeTimes";
import { connectionState, failedAttempts, listedStatus, statusSentence } from "./connectionStatus";
import { time } from "../words";
import { steps } from "./steps";
import { visibleRows, scrollOffsetFor } from "./visibleRows";

describe("rows in sight", () => {
  test("only a few dozen of a hundred thousand rows are rendered", () => {
    const sight = visibleRows(100_000, 28, 1_400_000, 560);
    expect(sight.to - sight.from).toBeLessThan(60);
    expect(sight.from * 28).toBe(sight.before);
    expect(sight.before + (sight.to - sight.from) * 28 + sight.after).toBe(2_800_000);
    expect(sight.from).toBeLessThanOrEqual(50_000);
  });
  test("few rows are all rendered", () => {
    expect(visibleRows(3, 28, 0, 560)).toEqual({ from: 0, to: 3, before: 0, after: 0 });
    expect(visibleRows(0, 28, 0, 560)).toEqual({ from: 0, to: 0, before: 0, after: 0 });
  });
  test("a list that became shorter than the scroll offset", () => {
    const sight = visibleRows(10, 28, 90_000, 560);
    expect(sight.to).toBe(10);
    expect(sight.from).toBeLessThan(10);
  });
  test("scrolling to a row scrolls no further than needed", () => {
    expect(scrollOffsetFor(0, 28, 280, 280, 28)).toBe(0);
    expect(scrollOffsetFor(20, 28, 0, 280, 28)).toBe(20 * 28 + 56 - 280);
    expect(scrollOffsetFor(3, 28, 0, 280, 28)).toBe(0);
  });
});

describe("the life line", () => {
  test("is true to scale", () =>
    expect(tokenTimeline(0, 1000, 250, "active")).toMatchObject({ kind: "held", now: 25, end: 100 }));
  test("is frayed after expiry", () =>
    expect(tokenTimeline(0, 1000, 1500, "active")).toMatchObject({ kind: "over", now: 100 }));
  test("goes on past the edge without a known expiry", () =>
    expect(tokenTimeline(0, null, 10, "active")).toMatchObject({ kind: "endless", end: 100 }));
  test("has its knot where the token is refreshed", () => {
    expect(tokenTimeline(0, 1200, 100, "active", 900).renews).toBe(75);
    expect(tokenTimeline(0, 1200, 100, "active").renews).toBeNull();
  });
  test("handles a clock that is behind", () => expect(tokenTimeline(1000, 2000, 0, "active").now).toBe(1));
});

describe("how a connection stands", () => {
  const now = new Date();
  const one = (state: Parameters<typeof details>[2], left: number | null) => details("c", "C", state, left).summary;
  test("an active connection past its expiry is expired", () => {
    expect(connectionState(one("active", -1000), now)).toBe("expired");
    expect(connectionState(one("active", 60_000), now)).toBe("active");
    expect(connectionState(one("active", null), now)).toBe("active");
    expect(connectionState(one("locked", -1000), now)).toBe("locked");
  });
  test("the detail after the status label", () => {
    expect(listedStatus(one("active", 43 * 60_000 + 5000), now).rest).toBe(", 43 min left");
    expect(listedStatus(one("disconnected", null), now).rest).toBe("");
    expect(listedStatus(one("retrying", null), now).rest).toMatch(/^ in [34] min$/);
    const soon = { ...one("retrying", null), retry_at: new Date(now.getTime() + 7500).toISOString() };
    expect(listedStatus(soon, now).rest).toBe(" in 8 s");
    const due = {
      ...one("active", 60_000),
      sign_in_due: new Date(now.getTime() + 3 * 86_400_000 + 5000).toISOString(),
    };
    expect(listedStatus(due, now).rest).toBe(", reconnect within 3 days");
  });
  test("a compact row ends with the remaining time, or with a word", () => {
    const brief = (...given: Parameters<typeof one>) => listedStatus(one(...given), now).brief;
    expect(brief("active", 59 * 60_000 + 5000)).toBe("59 min");
    expect(brief("active", null)).toBe("Active");
    expect(brief("active", -1000)).toBe("Expired");
    expect(brief("renewing", 60_000)).toBe("Refreshing");
    expect(brief("retrying", 60_000)).toMatch(/^Retry [34] min$/);
    expect(brief("reconnect_needed", 60_000)).toBe("Reconnect");
    expect(brief("locked", 60_000)).toBe("Locked");
    expect(brief("disconnected", null)).toBe("Disconnected");
    const due = {
      ...one("active", 60_000),
      sign_in_due: new Date(now.getTime() + 3 * 86_400_000 + 5000).toISOString(),
    };
    expect(listedStatus(due, now).brief).toBe("Due in 3 days");
  });
  const failures = { count: 3, last_at: new Date(now.getTime() - 12_000).toISOString(), cause: "HTTP 503" };
  test("a retry shows its cause, its time and how many failed", () => {
    const in_ = (ms: number) => ({ ...one("retrying", 60_000), retry_at: new Date(now.getTime() + ms).toISOString() });
    const failed = { ...details("c", "C", "retrying", 48 * 60_000 + 5000), failed_refreshes: failures };
    expect(statusSentence(in_(2500), undefined, now)).toBe("Refresh failed, retrying in 3 s.");
    expect(statusSentence(in_(-1000), undefined, now)).toBe("Refresh failed, retrying now.");
    expect(statusSentence({ ...failed.summary, retry_at: in_(2500).retry_at }, failed, now)).toBe(
      "Access token valid for 48 minutes. Refresh failed (HTTP 503), retrying in 3 s.",
    );
    expect(failedAttempts(in_(2500), failed, now)).toBe(
      `3 attempts failed, last at ${time.precise(failures.last_at, now)}; ` +
        `next at ${time.precise(in_(2500).retry_at, now)}.`,
    );
    expect(failedAttempts(one("active", 60_000), failed, now)).toBe("");
  });
  test("a near retry counts down in seconds", () => {
    const near = (ms: number) => {
      const at = now.getTime() + ms;
      const next = nextChangeOf({ ...one("retrying", null), retry_at: new Date(at).toISOString() }, now.getTime());
      return next === null ? null : at - next;
    };
    expect(near(2500)).toBe(2000);
    expect(near(2000)).toBe(1000);
    expect(near(400)).toBe(0);
    expect(near(-1)).toBeNull();
    expect(near(300_000)).toBe(60_000);
  });
  test("a valid token is reported as valid even if its refresh failed", () => {
    const held = details("c", "C", "active", 48 * 60_000);
    for (const state of ["retrying", "reconnect_needed"] as const) {
      expect(statusSentence(one(state, 48 * 60_000 + 5000), held, now)).toContain("Access token valid for 48 minutes.");
      expect(statusSentence(one(state, -1000), held, now)).not.toContain("valid");
      expect(statusSentence(one(state, 48 * 60_000), undefined, now)).not.toContain("valid");
    }
  });
  test("a due sign-in is shown", () => {
    const due = {
      ...one("active", 60_000),
      sign_in_due: new Date(now.getTime() + 3 * 86_400_000 + 5000).toISOString(),
    };
    expect(statusSentence(due, undefined, now)).toContain("Reconnect within 3 days");
  });
  test("without a refresh token no refresh is announced", () => {
    const held = details("c", "C", "expired", -1000);
    const once = { ...held, tokens: held.tokens && { ...held.tokens, refresh: null } };
    expect(statusSentence(one("expired", -1000), held, now)).toContain("Refreshes");
    expect(statusSentence(one("expired", -1000), once, now)).not.toContain("Refreshes");
  });
});

describe("the steps", () => {
  const failed = (code: "invalid_client" | "provider_error") => attempt("failed", { error: trouble(code, "No.") });
  test.each([
    ["waiting", "here", "ahead", "ahead"],
    ["exchanging", "done", "here", "ahead"],
    ["identifying", "done", "done", "here"],
    ["done", "done", "done", "done"],
    ["denied", "wrong", "ahead", "ahead"],
    ["timed_out", "wrong", "ahead", "ahead"],
  ] as const)("%s", (phase, wait, exchange, identify) => {
    expect(steps(attempt(phase), undefined)).toEqual({ open: "done", wait, exchange, identify });
  });
  test("a failure is shown at its step", () => {
    expect(steps(failed("invalid_client"), undefined).exchange).toBe("wrong");
    expect(steps(failed("provider_error"), undefined).wait).toBe("wrong");
    expect(steps(failed("invalid_client"), undefined, "identifying").identify).toBe("wrong");
  });
  test("a browser that did not open", () => {
    expect(
      steps(attempt("waiting"), { at: new Date(), busy: false, trouble: trouble("browser_failed", "No.") }).open,
    ).toBe("wrong");
  });
});

test("the sidebar shows apps without connections and omits cancelled attempts", () => {
  const summary = details("c1", "Acme production", "active", 1000).summary;
  const app = (id: string, name: string) => ({
    id,
    name,
    provider: "grigora",
    provider_name: "Grigora",
    client_id: "",
    has_secret: true,
    redirect_uri: "",
    own_redirect_uri: null,
    grant_type: "authorization_code" as const,
    offers_device: false,
    uses_pkce: true,
    way_back: "deep_link" as const,
    scopes: [],
    projects: [],
    overrides: {},
    secrets: [],
    discovered: [],
    environment: null,
    other_hosts: [],
    left_out: [],
    login_host: null,
    registration: null,
    created_at: "",
  });
  const groups = sidebarRows(
    [app("acme-sites", "Acme Sites"), app("other", "Other")],
    [summary],
    [attempt("cancelled"), attempt("denied", { id: "a2" })],
  );
  expect(groups[0]?.rows.map((row) => `${row.kind} ${row.name}`)).toEqual([
    "connection Acme production",
    "attempt Acme Sites",
    "app Other",
  ]);
  const listed = sidebarRows([app("other", "Other")], [summary], []);
  expect(filtered(listed, "prod")[0]?.rows).toHaveLength(1);
  expect(filtered(listed, " GRIGORA ")[0]?.rows).toHaveLength(2);
  expect(filtered(listed, "xyzzy")).toEqual([]);
  expect(filtered(listed, "grigora prod")[0]?.rows).toHaveLength(1);
  expect(filtered(listed, "", (row) => row.kind === "app")[0]?.rows.map((row) => row.name)).toEqual(["Other"]);
});

test("the list is grouped by environment if any app has one, with apps without one last", () => {
  const of = (id: string, environment: string | null, provider = "grigora") =>
    fakeApp(id, id, { environment, provider });
  const connected = (id: string, app_id: string) => ({ ...details(id, id, "active", 1000).summary, app_id });
  const told = (groups: ReturnType<typeof sidebarRows>) =>
    groups.map(({ by, name, rows }) => `${by} ${name}: ${rows.map((row) => row.id).join(" ")}`);
  const connections = [connected("c1", "live"), connected("c2", "none"), connected("c3", "stage")];
  const apps = [of("live", "Production"), of("none", null), of("stage", "Staging"), of("more", "Staging", "thegrid")];
  const trying = [attempt("waiting", { id: "a1", app_id: "live" })];
  const groups = sidebarRows(apps, connections, trying);
  expect(told(groups)).toEqual(["environment Production: c1 a1", "environment Staging: c3 more", "environment : c2"]);
  expect(told(filtered(groups, "the grid"))).toEqual(["environment Staging: more"]);
  // While connections are loading, apps without connections are unknown.
  expect(told(sidebarRows(apps, [], [], { partial: true }))).toEqual([]);
  const plain = apps.map((one) => ({ ...one, environment: null }));
  expect(told(sidebarRows(plain, connections, trying))).toEqual([
    "provider Grigora: c1 c2 c3 a1",
    "provider The Grid: more",
  ]);
});

test("a reconnect is shown on the connection’s own row", () => {
  const of = details("c1", "Acme production", "reconnect_needed", null).summary;
  const rows = (attempts: Parameters<typeof sidebarRows>[2]) =>
    sidebarRows([], [of], attempts).flatMap((group) => group.rows);
  const attempts = [attempt("waiting", { connection_id: "c1" }), attempt("waiting", { id: "a2" })];
  expect(rows(attempts).map((row) => `${row.kind} ${row.name}`)).toEqual([
    "connection Acme production",
    "attempt Acme Sites",
  ]);
  const [row] = rows(attempts);
  expect(row && routeOf(row)).toEqual({ page: "connect", app: "acme-sites", attempt: "attempt-1", connection: "c1" });
  expect(row && isCurrent(row, { page: "connection", connection: "c1", tab: "token" })).toBe(true);
  const [after] = rows([]);
  expect(after && routeOf(after)).toEqual({ page: "connection", connection: "c1", tab: "overview" });
});

test("an app has one row for its sign-ins: the newest running one, or else the newest", () => {
  const begun = (id: string, minutes: number, phase: Parameters<typeof attempt>[0] = "failed", app_id = "acme-sites") =>
    attempt(phase, {
      id,
      app_id,
      connection_id: null,
      started_at: new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString(),
    });
  const rows = (attempts: Parameters<typeof sidebarRows>[2]) =>
    sidebarRows([], [], attempts).flatMap((group) => group.rows.map((row) => row.id));
  expect(rows([begun("a", 1), begun("b", 3), begun("c", 2)])).toEqual(["b"]);
  expect(rows([begun("a", 1, "waiting"), begun("b", 3)])).toEqual(["a"]);
  expect(rows([begun("a", 1, "waiting"), begun("b", 3, "waiting"), begun("c", 2)])).toEqual(["b"]);
  expect(rows([begun("a", 1), begun("b", 1, "failed", "acme-shop")])).toEqual(["a", "b"]);
});

test("rows are found by the environment of their app", () => {
  const summary = { ...details("c1", "Acme production", "active", 1000).summary, environment: "Staging" };
  const apps = [
    fakeApp("acme-sites", "Acme Sites", { environment: "Staging" }),
    fakeApp("m", "M", { environment: "Live" }),
  ];
  const found = (text: string) =>
    filtered(sidebarRows(apps, [summary], []), text).flatMap((group) => group.rows.map((row) => row.id));
  expect(found("staging")).toEqual(["c1"]);
  expect(found("live")).toEqual(["m"]);
  expect(found("acme staging")).toEqual(["c1"]);
});

/** The only row. */
function only(groups: ReturnType<typeof sidebarRows>) {
  const [row] = groups.flatMap(({ rows }) => rows);
  if (!row) throw new Error("no row");
  return row;
}

test("a row has one category, and what needs the person comes first", () => {
  const now = new Date();
  const row = (one: ReturnType<typeof details>, attempts: Parameters<typeof sidebarRows>[2] = []) =>
    only(sidebarRows([], [one.summary], attempts));
  const of = (...given: Parameters<typeof details>) => row(details(...given));
  const due = details("c", "C", "active", 60_000);
  due.summary.sign_in_due = new Date(now.getTime() + 86_400_000).toISOString();
  const failed = attempt("failed", { connection_id: "c" });
  expect(
    [
      of("c", "C", "reconnect_needed", null),
      row(due),
      row(details("c", "C", "active", 60_000), [failed]),
      row(details("c", "C", "active", 60_000), [attempt("waiting", { connection_id: "c" })]),
      of("c", "C", "active", 60_000),
      of("c", "C", "renewing", 60_000),
      of("c", "C", "active", -1000),
      of("c", "C", "retrying", 60_000),
      of("c", "C", "locked", 60_000),
      of("c", "C", "disconnected", null),
      only(sidebarRows([fakeApp("a", "A")], [], [])),
    ].map((one) => categoryOf(one, now)),
  ).toEqual([
    ...["attention", "attention", "attention", "signing_in", "active", "active", "expired", "retrying"],
    ...["locked", "disconnected", "not_connected"],
  ]);
  expect(categories[0]).toBe("attention");
});

test("a day filter covers the whole local day", () => {
  expect(dayMoment("2026-01-31", false)).toBe(new Date(2026, 0, 31).toISOString());
  expect(dayMoment("2026-01-31", true)).toBe(new Date(2026, 0, 31, 23, 59, 59, 999).toISOString());
  expect(dayMoment("2026-02-30", false)).toBeNull();
  expect(dayMoment("soon", false)).toBeNull();
});

describe("a load", () => {
  test("progress appears only for slow requests, which can be cancelled", async () => {
    vi.useFakeTimers();
    const load = new Load<number>();
    void load.run(() => new Promise(() => undefined));
    expect(load.slow).toBe(false);
    vi.advanceTimersByTime(310);
    expect(load.slow).toBe(true);
    load.cancel();
    expect(load).toMatchObject({ busy: false, slow: false, stopped: true });
    vi.useRealTimers();
  });
  test("a late response does not replace a newer one", async () => {
    const load = new Load<string>();
    let answer = (_text: string) => {};
    const old = load.run(() => new Promise((resolve) => (answer = resolve)));
    await load.run(() => Promise.resolve("new"));
    answer("old");
    await old;
    expect(load.data).toBe("new");
  });
  test("old data stays after a failure", async () => {
    const load = new Load<string>();
    await load.run(() => Promise.resolve("kept"));
    await load.run(() => Promise.reject(trouble("provider_unavailable", "503")));
    expect(load.data).toBe("kept");
    expect(load.trouble?.code).toBe("provider_unavailable");
  });
});

test("a month covers its first to its last day", () => {
  expect(daysOf("2024-02")).toEqual(["2024-02-01", "2024-02-29"]);
  expect(daysOf("2026-12")).toEqual(["2026-12-01", "2026-12-31"]);
});
