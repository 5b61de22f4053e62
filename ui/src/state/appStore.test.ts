import { beforeEach, describe, expect, test, vi } from "vitest";
import { attempt, details, trouble } from "../fake/data";
import { fake } from "../fake/fake";
import { appStore } from "./appStore.svelte";

beforeEach(async () => {
  appStore.phase = "opening";
  appStore.notices = [];
  appStore.details.clear();
  fake.use("some");
  await appStore.open();
});

const state = (id: string) => appStore.connections.find((one) => one.id === id)?.state;

test("only a changed connection is reloaded", async () => {
  const held = fake.data.details.c1;
  if (held) held.summary.state = "reconnect_needed";
  await appStore.handleEvent({ kind: "connection", value: "c1" });
  expect(state("c1")).toBe("reconnect_needed");
  expect(fake.called("overview")).toHaveLength(1);
  expect(fake.called("summaries")).toEqual([[["c1"]]]);
  expect(fake.called("connection")).toEqual([]);
});

test("a shown connection is reloaded with its details", async () => {
  await appStore.reload("c1");
  await appStore.handleEvent({ kind: "connection", value: "c1" });
  expect(fake.called("connection")).toEqual([["c1"], ["c1"]]);
  expect(fake.called("summaries")).toEqual([]);
});

test("of many changes at once, the first is loaded at once and the others in one batch", async () => {
  const all = ["c2", "c3", "c4", "c3"].map((value) => appStore.handleEvent({ kind: "connection", value }));
  await Promise.all(all);
  expect(fake.called("summaries")).toEqual([[["c2"]], [["c3", "c4"]]]);
});

test("new activity is reloaded where it is shown", async () => {
  await appStore.reload("c1");
  const [before, all] = [appStore.changeCounts.get("c1"), appStore.changeCount];
  await appStore.handleEvent({ kind: "activity" });
  expect(appStore.changeCounts.get("c1")).toBe((before ?? 0) + 1);
  expect(appStore.changeCount).toBe(all + 1);
  expect(fake.called("overview")).toHaveLength(1);
});

test("a deleted connection leaves the list", async () => {
  delete fake.data.details.c2;
  await appStore.handleEvent({ kind: "connection", value: "c2" });
  expect(state("c2")).toBeUndefined();
  expect(appStore.connections).toHaveLength(3);
});

test("a connection that cannot be reloaded stays", async () => {
  fake.fail("summaries", trouble("data_busy", "Busy."));
  await appStore.handleEvent({ kind: "connection", value: "c2" });
  expect(state("c2")).toBe("active");
});

test("an attempt replaces its earlier state", async () => {
  await appStore.handleEvent({ kind: "attempt", value: attempt("waiting") });
  await appStore.handleEvent({ kind: "attempt", value: attempt("exchanging") });
  expect(appStore.attempts.map((one) => one.phase)).toEqual(["exchanging"]);
  await appStore.handleEvent({ kind: "attempt", value: attempt("failed") });
  expect(appStore.reached.get("attempt-1")).toBe("exchanging");
});

test("apps are reloaded", async () => {
  fake.data.apps = [];
  await appStore.handleEvent({ kind: "apps" });
  expect(appStore.apps).toEqual([]);
});

test("after changes by another process everything is reloaded, and ended attempts are dropped", async () => {
  await appStore.handleEvent({ kind: "attempt", value: attempt("waiting") });
  await appStore.reload("c1");
  const held = fake.data.details.c1;
  if (held) held.summary.state = "expired";
  await appStore.handleEvent({ kind: "elsewhere" });
  expect(appStore.attempts).toEqual([]);
  expect(fake.called("overview")).toHaveLength(2);
  expect(fake.called("connection")).toEqual([["c1"], ["c1"]]);
  expect(state("c1")).toBe("expired");
});

test("the notice of a refused callback stays until dismissed", async () => {
  await appStore.handleEvent({ kind: "callback_refused", value: trouble("callback_late", "It came late.") });
  expect(appStore.notices.map((one) => one.trouble.code)).toEqual(["callback_late"]);
  appStore.dismiss(appStore.notices[0]?.id ?? -1);
  expect(appStore.notices).toEqual([]);
});

test("callbacks refused for the same reason share one counted notice", async () => {
  for (const state of ["1", "2", "3"])
    await appStore.handleEvent({ kind: "callback_refused", value: trouble("callback_unknown", `Of ${state}.`) });
  await appStore.handleEvent({ kind: "callback_refused", value: trouble("callback_late", "It came late.") });
  expect(appStore.notices.map(({ trouble, times }) => [trouble.code, trouble.message, times])).toEqual([
    ["callback_unknown", "Of 3.", 3],
    ["callback_late", "It came late.", 1],
  ]);
});

test("the vault locks and opens", async () => {
  await appStore.handleEvent({ kind: "vault", value: trouble("keyring_locked", "Locked.") });
  expect(appStore.vault?.code).toBe("keyring_locked");
  await appStore.handleEvent({ kind: "vault" });
  expect(appStore.vault).toBeNull();
});

test("events during the first load are not lost", async () => {
  appStore.phase = "opening";
  await appStore.handleEvent({ kind: "callback_refused", value: trouble("callback_late", "It came late.") });
  expect(appStore.notices).toEqual([]);
  await appStore.open();
  expect(appStore.notices).toHaveLength(1);
});

test("a failed start can be retried", async () => {
  fake.fail("overview", trouble("data_newer", "Newer."));
  await appStore.open();
  expect(appStore.phase).toBe("failed");
  fake.fail("overview", null);
  await appStore.open();
  expect(appStore.phase).toBe("ready");
});

test("events from before the window opened are shown", async () => {
  appStore.phase = "opening";
  fake.data.missed = [{ kind: "callback_refused", value: trouble("callback_late", "It came late.") }];
  await appStore.open();
  expect(appStore.notices.map((one) => one.trouble.code)).toEqual(["callback_late"]);
});

test("the first page does not wait for the subscription to events, and none is missed", async () => {
  appStore.phase = "opening";
  fake.data.missed = [{ kind: "callback_refused", value: trouble("callback_late", "It came late.") }];
  const before = fake.called("missedEvents").length;
  let subscribed = () => {};
  const opened = appStore.open(new Promise<void>((resolve) => (subscribed = resolve)));
  await vi.waitFor(() => expect(appStore.phase).toBe("ready"));
  expect(fake.called("missedEvents")).toHaveLength(before);
  subscribed();
  await opened;
  expect(appStore.notices.map((one) => one.trouble.code)).toEqual(["callback_late"]);
});

test("an event that arrives before the missed ones are handled comes after them", async () => {
  appStore.phase = "opening";
  const locked = trouble("keyring_locked", "Locked.");
  fake.data.missed = [{ kind: "vault", value: locked }];
  let subscribed = () => {};
  const opened = appStore.open(new Promise<void>((resolve) => (subscribed = resolve)));
  await vi.waitFor(() => expect(appStore.phase).toBe("ready"));
  await appStore.handleEvent({ kind: "vault", value: null });
  expect(appStore.vault).toBeNull();
  subscribed();
  await opened;
  expect(appStore.vault).toBeNull();
});

test("a locked keyring changes the status of connections", async () => {
  const first = fake.data.connections[0];
  if (first) first.state = "locked";
  await appStore.handleEvent({ kind: "vault", value: trouble("keyring_locked", "Locked.") });
  expect(appStore.connections.some((one) => one.state === "locked")).toBe(true);
});

test("of many connections the first are shown at once and the rest after the first paint", async () => {
  fake.data.first = 2;
  appStore.phase = "opening";
  await appStore.open();
  expect(appStore.connections).toHaveLength(2);
  expect(appStore.partial).toBe(true);
  await vi.waitFor(() => expect(appStore.partial).toBe(false));
  expect(appStore.connections).toHaveLength(4);
  expect(fake.called("overview").slice(-2)).toEqual([[true], [false]]);
});

test("if the rest cannot be loaded, the window says so", async () => {
  fake.data.first = 2;
  appStore.phase = "opening";
  await appStore.open();
  fake.fail("overview", trouble("data_busy", "Busy."));
  await vi.waitFor(() => expect(appStore.phase).toBe("failed"));
  expect(appStore.trouble?.code).toBe("data_busy");
  expect(appStore.notices).toEqual([]);
  fake.fail("overview", null);
  await appStore.open();
  await vi.waitFor(() => expect(appStore.partial).toBe(false));
  expect(appStore.phase).toBe("ready");
  expect(appStore.connections).toHaveLength(4);
});

test("a failed reload is a notice, and not a refused sign-in", async () => {
  fake.fail("overview", trouble("data_busy", "Busy."));
  await appStore.handleEvent({ kind: "apps" });
  expect(appStore.phase).toBe("ready");
  expect(appStore.connections).toHaveLength(4);
  expect(appStore.notices.map((one) => one.title)).toEqual(["This list may be out of date"]);
  await appStore.handleEvent({ kind: "callback_refused", value: trouble("callback_late", "It came late.") });
  expect(appStore.notices[1]?.title).toBe("Rejected an unexpected sign-in response");
});

describe("while all are read", () => {
  let answer: () => void;
  let reading: Promise<void>;
  beforeEach(() => {
    answer = fake.hold("overview");
    reading = appStore.handleEvent({ kind: "apps" });
  });
  const answered = async () => {
    answer();
    await reading;
  };

  test("a connection that changes during a load is reloaded once more", async () => {
    const held = fake.data.details.c2;
    if (held) held.summary.state = "renewing";
    await appStore.handleEvent({ kind: "connection", value: "c2" });
    fake.fail("summaries", trouble("data_busy", "Busy."));
    await answered();
    expect(state("c2")).toBe("renewing");
    await vi.waitFor(() => expect(fake.called("summaries")).toEqual([[["c2"]], [["c2"]]]));
    expect(state("c2")).toBe("renewing");
  });

  test("a connection created during a load stays, in order", async () => {
    const made = details("made", "Made meanwhile", "active", 60_000);
    fake.data.details.made = made;
    fake.data.connections.push(made.summary);
    await appStore.reload("made");
    await answered();
    expect(state("made")).toBe("active");
    expect(appStore.connections).toHaveLength(5);
    const names = appStore.connections
      .filter((one) => one.provider_name === made.summary.provider_name)
      .map((one) => one.name);
    expect(names).toEqual([...names].sort());
  });

  test("a connection deleted during a load stays deleted", async () => {
    delete fake.data.details.c2;
    await appStore.handleEvent({ kind: "connection", value: "c2" });
    fake.fail("summaries", trouble("data_busy", "Busy."));
    await answered();
    expect(state("c2")).toBeUndefined();
  });

  test("changes of apps during a load are kept", async () => {
    const [first, second] = appStore.apps;
    if (!first || !second) throw new Error("There are two apps.");
    appStore.dropApp(first.id);
    appStore.addApp({ ...second, name: "Aaa" });
    appStore.addApp({ ...second, id: "added", name: "Zzz" });
    await answered();
    expect(appStore.app(first.id)).toBeUndefined();
    expect([appStore.apps[0]?.name, appStore.apps.at(-1)?.name]).toEqual(["Aaa", "Zzz"]);
  });
});

test("an attempt that ends or is dismissed during a load does not come back", async () => {
  fake.data.attempts = [attempt("waiting", { id: "ends" }), attempt("waiting", { id: "left" })];
  await appStore.handleEvent({ kind: "apps" });
  const answer = fake.hold("overview");
  const reading = appStore.handleEvent({ kind: "apps" });
  appStore.updateAttempt(attempt("waiting", { id: "new" }));
  appStore.updateAttempt(attempt("failed", { id: "ends" }));
  appStore.dismissAttempt("left");
  answer();
  await reading;
  expect(appStore.attempts.map((one) => `${one.id} ${one.phase}`)).toEqual(["ends failed", "new waiting"]);
});

test("of two loads the later one is shown, whichever responds first", async () => {
  const first = fake.hold("overview");
  const old = appStore.handleEvent({ kind: "apps" });
  fake.data.apps = fake.data.apps.slice(0, 1);
  const second = fake.hold("overview");
  const late = appStore.handleEvent({ kind: "apps" });
  second();
  await late;
  expect(appStore.apps).toHaveLength(1);
  first();
  await old;
  expect(appStore.apps).toHaveLength(1);
});

test("a notice says that the sandbox is not running until it is", async () => {
  fake.data.sandbox = trouble("port_taken", "The sandbox is not running: port 4780 is used by another program.");
  fake.data.sandbox_apps = ["at-the-sandbox"];
  await appStore.open();
  expect(appStore.sandbox?.message).toContain("port 4780");
  expect(["at-the-sandbox", "other"].map(appStore.needsSandbox)).toEqual([true, false]);
  fake.fail("sandbox", trouble("port_taken", "Still taken."));
  await appStore.startSandbox();
  expect(appStore.sandbox?.message).toBe("Still taken.");
  fake.fail("sandbox", null);
  await appStore.startSandbox();
  expect(appStore.sandbox).toBeNull();
  expect(appStore.needsSandbox("at-the-sandbox")).toBe(false);
});
