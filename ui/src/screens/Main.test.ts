import { expect, test } from "vitest";
import { details, unavailable } from "../fake/data";
import { router } from "../state/router.svelte";
import { fake, press, screen, start, waitFor, appStore } from "../test/start";

test("going to a connection created during a load stays there", async () => {
  await start("some");
  const answer = fake.hold("overview");
  const reading = appStore.handleEvent({ kind: "apps" });
  const made = details("made", "Made meanwhile", "active", 60_000);
  fake.data.details.made = made;
  fake.data.connections.push(made.summary);
  await appStore.reload("made");
  router.toConnection("made");
  await screen.findByRole("heading", { name: "Made meanwhile", level: 1 });
  answer();
  await reading;
  await waitFor(() =>
    expect(screen.getByRole("button", { name: /^Made meanwhile/ })).toHaveAttribute("aria-current", "page"),
  );
  expect(router.route).toMatchObject({ connection: "made" });
});

test("a sign-in in progress when the window opens leads to its connection", async () => {
  await start("exchanging");
  await waitFor(() => expect(router.route).toMatchObject({ page: "connect", attempt: "attempt-1" }));
  const made = details("made", "Made by the callback", "active", 60_000);
  fake.data.details.made = made;
  fake.data.connections.push(made.summary);
  await appStore.reload("made");
  const [attempt] = appStore.attempts;
  fake.tell({ kind: "attempt", value: { ...attempt!, phase: "done", connection_id: "made" } });
  await screen.findByRole("heading", { name: "Made by the callback", level: 1 });
});

test("if most connections cannot be loaded, that is shown and can be retried", async () => {
  const user = await start("some");
  fake.data.first = 2;
  await appStore.open();
  fake.fail("overview", unavailable);
  await screen.findByRole("heading", { name: "Can’t open Grapnel’s data" });
  expect(screen.getByRole("alert")).toHaveTextContent(unavailable.message);
  fake.fail("overview", null);
  await press(user, "Try again");
  await waitFor(() => expect(appStore.partial).toBe(false));
  expect(appStore.connections).toHaveLength(4);
});

test("a failed load says what it means for the shown data", async () => {
  await start("some");
  fake.fail("overview", unavailable);
  fake.tell({ kind: "apps" });
  expect(await screen.findByRole("alert", { name: "This list may be out of date" })).toHaveTextContent(
    unavailable.message,
  );
});
