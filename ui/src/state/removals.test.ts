// Removing with undo: nothing is deleted or revoked before the time for undo is over.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fake } from "../fake/fake";
import { unavailable } from "../fake/data";
import { appStore } from "./appStore.svelte";
import { removals, UNDO_SECONDS, UNDONE } from "./removals.svelte";
import { router } from "./router.svelte";

const names = () => appStore.connections.map(({ id }) => id);
const asked = () => fake.calls.map(({ name }) => name).filter((name) => /removeApp|disconnect|forget/.test(name));
const passes = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);
const app = () => appStore.app("acme-sites")!;

beforeEach(async () => {
  vi.useFakeTimers();
  fake.use("some");
  appStore.notices = [];
  await appStore.open();
});
afterEach(async () => {
  await passes(UNDO_SECONDS + 1);
  vi.useRealTimers();
});

test("an app leaves the list with its connections at once, and is removed when the time is over", async () => {
  removals.removeApp(app());
  expect([names(), appStore.apps.map(({ id }) => id)]).toEqual([[], ["acme-shop"]]);
  await passes(UNDO_SECONDS - 1);
  expect(asked()).toEqual([]);
  await passes(1);
  expect(asked()).toEqual(["removeApp"]);
  await passes(1);
  expect(removals.pending).toEqual([]);
  expect(appStore.allApps.map(({ id }) => id)).toEqual(["acme-shop"]);
});

test("undo brings everything back, and nothing was asked of the host", async () => {
  removals.removeApp(app());
  await passes(UNDO_SECONDS - 1);
  expect(removals.undoLast()).toBe(true);
  await passes(UNDO_SECONDS * 2);
  expect(asked()).toEqual([]);
  expect(names()).toHaveLength(4);
  expect(router.route).toEqual({ page: "app", app: "acme-sites" });
  expect(removals.undoLast()).toBe(false);
});

test("after undo, the notice stays for a moment in which a second click does nothing", async () => {
  removals.removeApp(app());
  removals.undo(removals.pending[0]!.id);
  expect([names().length, removals.pending.map(({ phase }) => phase)]).toEqual([4, ["undone"]]);
  removals.undo(removals.pending[0]!.id);
  await removals.now(removals.pending[0]!.id);
  await passes(UNDONE / 1000);
  expect([names().length, removals.pending, asked()]).toEqual([4, [], []]);
});

test("the time stands still while the person is at the notice", async () => {
  removals.removeApp(app());
  removals.hold(removals.pending[0]!.id, true);
  await passes(UNDO_SECONDS * 3);
  expect(asked()).toEqual([]);
  removals.hold(removals.pending[0]!.id, false);
  await passes(UNDO_SECONDS);
  expect(asked()).toEqual(["removeApp"]);
});

test("a hidden connection does not come back by events, and each removal has its own undo", async () => {
  removals.removeConnections(appStore.connections.filter(({ id }) => id === "c1"));
  await passes(2);
  removals.removeConnections(appStore.connections.filter(({ id }) => id === "c2"));
  await appStore.handleEvent({ kind: "elsewhere" });
  await appStore.handleEvent({ kind: "connection", value: "c1" });
  expect(names()).toEqual(["c3", "c4"]);
  removals.undoLast();
  expect(names()).toEqual(["c2", "c3", "c4"]);
  await passes(UNDO_SECONDS);
  expect(asked()).toEqual(["disconnect", "forget"]);
});

test("a failure brings it back and says why", async () => {
  fake.fail("removeApp", unavailable);
  removals.removeApp(app());
  await passes(UNDO_SECONDS + 1);
  expect(names()).toHaveLength(4);
  expect(appStore.notices.map(({ title, trouble }) => [title, trouble.message])).toEqual([
    ["Not removed: Acme Sites", unavailable.message],
  ]);
});

test("a removed connection leads to its app, and its access that was not revoked is reported", async () => {
  fake.data.revocation = "failed";
  router.toConnection("c2");
  removals.removeConnections(appStore.connections.filter(({ id }) => id === "c2"));
  expect(router.route).toEqual({ page: "app", app: "acme-sites" });
  await passes(UNDO_SECONDS + 1);
  expect(appStore.notices.map(({ title }) => title)).toEqual(["Some tokens were not revoked"]);
});

test("what a team shares is removed here only: nothing is disconnected", async () => {
  fake.use("team");
  await appStore.open();
  const [shared] = appStore.connections.filter(({ team }) => team);
  removals.removeConnections([shared!]);
  await passes(UNDO_SECONDS + 1);
  expect(asked()).toEqual(["forget"]);
});
