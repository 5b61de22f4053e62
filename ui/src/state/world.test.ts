import { beforeEach, describe, expect, test, vi } from "vitest";
import { attempt, details, trouble } from "../fake/world";
import { fake } from "../fake/fake";
import { world } from "./world.svelte";

beforeEach(async () => {
  world.phase = "opening";
  world.notices = [];
  world.details.clear();
  fake.use("some");
  await world.open();
});

const state = (id: string) => world.connections.find((one) => one.id === id)?.state;

test("a connection that changed is asked for again, alone", async () => {
  const held = fake.world.details.c1;
  if (held) held.summary.state = "reconnect_needed";
  await world.heard({ kind: "connection", value: "c1" });
  expect(state("c1")).toBe("reconnect_needed");
  expect(fake.called("overview")).toHaveLength(1);
  expect(fake.called("summaries")).toEqual([[["c1"]]]);
  expect(fake.called("connection")).toEqual([]);
});

test("one whose details are shown is asked for with them", async () => {
  await world.reload("c1");
  await world.heard({ kind: "connection", value: "c1" });
  expect(fake.called("connection")).toEqual([["c1"], ["c1"]]);
  expect(fake.called("summaries")).toEqual([]);
});

test("of many that change at once, the first is asked for at once and the others together", async () => {
  const all = ["c2", "c3", "c4", "c3"].map((value) => world.heard({ kind: "connection", value }));
  await Promise.all(all);
  expect(fake.called("summaries")).toEqual([[["c2"]], [["c3", "c4"]]]);
});

test("what is new in the activity is read again where it is shown", async () => {
  await world.reload("c1");
  const [before, all] = [world.beats.get("c1"), world.beat];
  await world.heard({ kind: "activity" });
  expect(world.beats.get("c1")).toBe((before ?? 0) + 1);
  expect(world.beat).toBe(all + 1);
  expect(fake.called("overview")).toHaveLength(1);
});

test("a connection that is gone leaves the list", async () => {
  delete fake.world.details.c2;
  await world.heard({ kind: "connection", value: "c2" });
  expect(state("c2")).toBeUndefined();
  expect(world.connections).toHaveLength(3);
});

test("a connection that cannot be read now stays", async () => {
  fake.fail("summaries", trouble("data_busy", "Busy."));
  await world.heard({ kind: "connection", value: "c2" });
  expect(state("c2")).toBe("active");
});

test("an attempt takes the place of what was known of it", async () => {
  await world.heard({ kind: "attempt", value: attempt("waiting") });
  await world.heard({ kind: "attempt", value: attempt("exchanging") });
  expect(world.attempts.map((one) => one.phase)).toEqual(["exchanging"]);
  await world.heard({ kind: "attempt", value: attempt("failed") });
  expect(world.reached.get("attempt-1")).toBe("exchanging");
});

test("apps are read again", async () => {
  fake.world.apps = [];
  await world.heard({ kind: "apps" });
  expect(world.apps).toEqual([]);
});

test("where much may have changed all is read again, and what ended elsewhere is left behind", async () => {
  await world.heard({ kind: "attempt", value: attempt("waiting") });
  await world.reload("c1");
  const held = fake.world.details.c1;
  if (held) held.summary.state = "expired";
  await world.heard({ kind: "elsewhere" });
  expect(world.attempts).toEqual([]);
  expect(fake.called("overview")).toHaveLength(2);
  expect(fake.called("connection")).toEqual([["c1"], ["c1"]]);
  expect(state("c1")).toBe("expired");
});

test("a refused callback is kept until it is dismissed", async () => {
  await world.heard({ kind: "callback_refused", value: trouble("callback_late", "It came late.") });
  expect(world.notices.map((one) => one.trouble.code)).toEqual(["callback_late"]);
  world.dismiss(world.notices[0]?.id ?? -1);
  expect(world.notices).toEqual([]);
});

test("callbacks that are refused for the same reason are one notice that counts", async () => {
  for (const state of ["1", "2", "3"])
    await world.heard({ kind: "callback_refused", value: trouble("callback_unknown", `Of ${state}.`) });
  await world.heard({ kind: "callback_refused", value: trouble("callback_late", "It came late.") });
  expect(world.notices.map(({ trouble, times }) => [trouble.code, trouble.message, times])).toEqual([
    ["callback_unknown", "Of 3.", 3],
    ["callback_late", "It came late.", 1],
  ]);
});

test("the vault locks and opens", async () => {
  await world.heard({ kind: "vault", value: trouble("keyring_locked", "Locked.") });
  expect(world.vault?.code).toBe("keyring_locked");
  await world.heard({ kind: "vault" });
  expect(world.vault).toBeNull();
});

test("what happens while it opens is not lost", async () => {
  world.phase = "opening";
  await world.heard({ kind: "callback_refused", value: trouble("callback_late", "It came late.") });
  expect(world.notices).toEqual([]);
  await world.open();
  expect(world.notices).toHaveLength(1);
});

test("a failed start can be tried again", async () => {
  fake.fail("overview", trouble("data_newer", "Newer."));
  await world.open();
  expect(world.phase).toBe("failed");
  fake.fail("overview", null);
  await world.open();
  expect(world.phase).toBe("ready");
});

test("what happened before the window was there is told", async () => {
  world.phase = "opening";
  fake.world.missed = [{ kind: "callback_refused", value: trouble("callback_late", "It came late.") }];
  await world.open();
  expect(world.notices.map((one) => one.trouble.code)).toEqual(["callback_late"]);
});

test("a keyring that locks changes how connections stand", async () => {
  const first = fake.world.connections[0];
  if (first) first.state = "locked";
  await world.heard({ kind: "vault", value: trouble("keyring_locked", "Locked.") });
  expect(world.connections.some((one) => one.state === "locked")).toBe(true);
});

test("of very many the first are shown at once, and all as soon as these are seen", async () => {
  fake.world.first = 2;
  world.phase = "opening";
  await world.open();
  expect(world.connections).toHaveLength(2);
  expect(world.partial).toBe(true);
  await vi.waitFor(() => expect(world.partial).toBe(false));
  expect(world.connections).toHaveLength(4);
  expect(fake.called("overview").slice(-2)).toEqual([[true], [false]]);
});

test("where the others cannot be read, the window does not look as if there were none", async () => {
  fake.world.first = 2;
  world.phase = "opening";
  await world.open();
  fake.fail("overview", trouble("data_busy", "Busy."));
  await vi.waitFor(() => expect(world.phase).toBe("failed"));
  expect(world.trouble?.code).toBe("data_busy");
  expect(world.notices).toEqual([]);
  fake.fail("overview", null);
  await world.open();
  await vi.waitFor(() => expect(world.partial).toBe(false));
  expect(world.phase).toBe("ready");
  expect(world.connections).toHaveLength(4);
});

test("a reading that fails once all are known is a notice, and no sign-in that was refused", async () => {
  fake.fail("overview", trouble("data_busy", "Busy."));
  await world.heard({ kind: "apps" });
  expect(world.phase).toBe("ready");
  expect(world.connections).toHaveLength(4);
  expect(world.notices.map((one) => one.title)).toEqual(["This list may be out of date"]);
  await world.heard({ kind: "callback_refused", value: trouble("callback_late", "It came late.") });
  expect(world.notices[1]?.title).toBe("Rejected an unexpected sign-in response");
});

describe("while all are read", () => {
  let answer: () => void;
  let reading: Promise<void>;
  beforeEach(() => {
    answer = fake.hold("overview");
    reading = world.heard({ kind: "apps" });
  });
  const answered = async () => {
    answer();
    await reading;
  };

  test("what changes is shown as it is by then, and asked for once more", async () => {
    const held = fake.world.details.c2;
    if (held) held.summary.state = "renewing";
    await world.heard({ kind: "connection", value: "c2" });
    fake.fail("summaries", trouble("data_busy", "Busy."));
    await answered();
    expect(state("c2")).toBe("renewing");
    await vi.waitFor(() => expect(fake.called("summaries")).toEqual([[["c2"]], [["c2"]]]));
    expect(state("c2")).toBe("renewing");
  });

  test("a connection that is made stays, where it belongs", async () => {
    const made = details("made", "Made meanwhile", "active", 60_000);
    fake.world.details.made = made;
    fake.world.connections.push(made.summary);
    await world.reload("made");
    await answered();
    expect(state("made")).toBe("active");
    expect(world.connections).toHaveLength(5);
    const names = world.connections
      .filter((one) => one.provider_name === made.summary.provider_name)
      .map((one) => one.name);
    expect(names).toEqual([...names].sort());
  });

  test("a connection that goes is gone", async () => {
    delete fake.world.details.c2;
    await world.heard({ kind: "connection", value: "c2" });
    fake.fail("summaries", trouble("data_busy", "Busy."));
    await answered();
    expect(state("c2")).toBeUndefined();
  });

  test("an app that is added or removed is, and a change to one is kept", async () => {
    const [first, second] = world.apps;
    if (!first || !second) throw new Error("There are two apps.");
    world.dropApp(first.id);
    world.addApp({ ...second, name: "Aaa" });
    world.addApp({ ...second, id: "added", name: "Zzz" });
    await answered();
    expect(world.app(first.id)).toBeUndefined();
    expect([world.apps[0]?.name, world.apps.at(-1)?.name]).toEqual(["Aaa", "Zzz"]);
  });
});

test("an attempt that ends or is left while all are read does not come back", async () => {
  fake.world.attempts = [attempt("waiting", { id: "ends" }), attempt("waiting", { id: "left" })];
  await world.heard({ kind: "apps" });
  const answer = fake.hold("overview");
  const reading = world.heard({ kind: "apps" });
  world.took(attempt("waiting", { id: "new" }));
  world.took(attempt("failed", { id: "ends" }));
  world.leave("left");
  answer();
  await reading;
  expect(world.attempts.map((one) => `${one.id} ${one.phase}`)).toEqual(["ends failed", "new waiting"]);
});

test("of two readings the later one is shown, whichever is answered first", async () => {
  const first = fake.hold("overview");
  const old = world.heard({ kind: "apps" });
  fake.world.apps = fake.world.apps.slice(0, 1);
  const second = fake.hold("overview");
  const late = world.heard({ kind: "apps" });
  second();
  await late;
  expect(world.apps).toHaveLength(1);
  first();
  await old;
  expect(world.apps).toHaveLength(1);
});

test("a sandbox that does not run says so until it does", async () => {
  fake.world.sandbox = trouble("port_taken", "The sandbox is not running: port 4780 is used by another program.");
  await world.open();
  expect(world.sandbox?.message).toContain("port 4780");
  fake.fail("sandbox", trouble("port_taken", "Still taken."));
  await world.startSandbox();
  expect(world.sandbox?.message).toBe("Still taken.");
  fake.fail("sandbox", null);
  await world.startSandbox();
  expect(world.sandbox).toBeNull();
});
