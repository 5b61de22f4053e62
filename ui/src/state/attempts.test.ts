import { beforeEach, describe, expect, test } from "vitest";
import { fake } from "../fake/fake";
import { app, attempt, details } from "../fake/data";
import { appStore } from "./appStore.svelte";
import { sidebarRows } from "./sidebarRows";

beforeEach(async () => {
  fake.use("some");
  await appStore.open();
});

describe("sign-ins that failed", () => {
  const listed = () => appStore.attempts.map((one) => `${one.id} ${one.phase}`);
  const begun = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString();
  const failed = (id: string, minutes: number, more = {}) =>
    attempt("failed", { id, started_at: begun(minutes), ...more });
  const hear = (value: ReturnType<typeof attempt>) => appStore.handleEvent({ kind: "attempt", value });

  beforeEach(() => (appStore.attempts = []));

  test("do not come back after being dismissed, even if their events repeat", async () => {
    await hear(failed("left", 1));
    appStore.dismissAttempt("left");
    await hear(failed("left", 1));
    fake.data.attempts = [failed("left", 1)];
    await appStore.handleEvent({ kind: "elsewhere" });
    expect(listed()).toEqual([]);
  });

  test("are superseded by the next attempt of the same app, in any order of events", async () => {
    await hear(failed("first", 1));
    await hear(failed("second", 2));
    await hear(failed("first", 1));
    await hear(failed("other", 1, { app_id: "other" }));
    expect(listed()).toEqual(["second failed", "other failed"]);
    await hear(attempt("done", { id: "third", started_at: begun(3) }));
    expect(listed()).toEqual(["other failed", "third done"]);
  });

  test("of one connection are not superseded by those of another", async () => {
    await hear(failed("one", 1, { connection_id: "c1" }));
    await hear(failed("two", 2, { connection_id: "c2" }));
    expect(listed()).toEqual(["one failed", "two failed"]);
    await hear(attempt("waiting", { id: "again", connection_id: "c1", started_at: begun(3) }));
    expect(listed()).toEqual(["two failed", "again waiting"]);
  });
});

describe("a sign-in that failed and was repeated, after another process changed data", () => {
  const begun = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString();
  const failed = (id: string, minutes: number, more = {}) =>
    attempt("failed", { id, app_id: "acme-shop", started_at: begun(minutes), ...more });
  const hear = (value: ReturnType<typeof attempt>) => appStore.handleEvent({ kind: "attempt", value });
  const rows = () =>
    sidebarRows(appStore.apps, appStore.connections, appStore.attempts)
      .flatMap((group) => group.rows)
      .filter((row) => row.kind !== "connection")
      .map((row) => `${row.kind} ${row.id}`);

  beforeEach(() => (appStore.attempts = []));

  test("has one row, also if every event is repeated and the host still lists all attempts", async () => {
    const all = [failed("first", 1), failed("second", 2), failed("third", 3)];
    for (const one of all) await hear(one);
    expect(rows()).toEqual(["attempt third"]);
    fake.data.attempts = all;
    await appStore.handleEvent({ kind: "elsewhere" });
    for (const one of all) await hear(one);
    expect(rows()).toEqual(["attempt third"]);
  });

  test("has none once the app is connected, whatever the other process repeats", async () => {
    const all = [failed("first", 1), failed("second", 2), attempt("done", { ...failed("third", 3), phase: "done" })];
    for (const one of all) await hear(one);
    fake.data.attempts = all;
    await appStore.handleEvent({ kind: "elsewhere" });
    for (const one of all) await hear(one);
    expect(rows()).toEqual(["app acme-shop"]);
  });

  test.each(["apps", "elsewhere"] as const)("has none once another process connected it (%s)", async (kind) => {
    await hear(failed("first", 1));
    expect(rows()).toEqual(["attempt first"]);
    const made = details("made", "Made elsewhere", "active", 60_000);
    made.summary.app_id = "acme-shop";
    fake.data.details.made = made;
    fake.data.connections.push(made.summary);
    await appStore.handleEvent({ kind });
    await hear(failed("first", 1));
    expect(rows()).toEqual([]);
  });

  test("keeps its row if another app is connected, or an old connection changes", async () => {
    await hear(failed("first", 1));
    await appStore.handleEvent({ kind: "connection", value: "c1" });
    const made = details("made", "Made elsewhere", "active", 60_000);
    fake.data.details.made = made;
    await appStore.handleEvent({ kind: "connection", value: "made" });
    expect(rows()).toEqual(["attempt first"]);
  });
});

test("names are in natural order", async () => {
  const names = ["Client 10", "Client 2", "client 1"];
  fake.data.connections = names.map((name, nth) => details(`n${nth}`, name, "active", 60_000).summary);
  fake.data.apps = names.map((name, nth) => app(`n${nth}`, name));
  await appStore.handleEvent({ kind: "apps" });
  expect(appStore.connections.map((one) => one.name)).toEqual(["client 1", "Client 2", "Client 10"]);
  expect(appStore.apps.map((one) => one.name)).toEqual(["client 1", "Client 2", "Client 10"]);
});
