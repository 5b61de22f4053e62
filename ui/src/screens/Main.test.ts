import { expect, test } from "vitest";
import { details, unavailable } from "../fake/world";
import { here } from "../state/place.svelte";
import { fake, press, screen, start, waitFor, world } from "../test/start";

test("whoever goes to a connection that was made while all are read stays there", async () => {
  await start("some");
  const answer = fake.hold("overview");
  const reading = world.heard({ kind: "apps" });
  const made = details("made", "Made meanwhile", "active", 60_000);
  fake.world.details.made = made;
  fake.world.connections.push(made.summary);
  await world.reload("made");
  here.toConnection("made");
  await screen.findByRole("heading", { name: "Made meanwhile", level: 1 });
  answer();
  await reading;
  await waitFor(() =>
    expect(screen.getByRole("button", { name: /^Made meanwhile/ })).toHaveAttribute("aria-current", "page"),
  );
  expect(here.place).toMatchObject({ connection: "made" });
});

test("where most connections cannot be read, that is told, and can be tried again", async () => {
  const user = await start("some");
  fake.world.first = 2;
  await world.open();
  fake.fail("overview", unavailable);
  await screen.findByRole("heading", { name: "Can’t open Grapnel’s data" });
  expect(screen.getByRole("alert")).toHaveTextContent(unavailable.message);
  fake.fail("overview", null);
  await press(user, "Try again");
  await waitFor(() => expect(world.partial).toBe(false));
  expect(world.connections).toHaveLength(4);
});

test("a reading that fails says what that means for what is shown", async () => {
  await start("some");
  fake.fail("overview", unavailable);
  fake.tell({ kind: "apps" });
  expect(await screen.findByRole("alert", { name: "This list may be out of date" })).toHaveTextContent(
    unavailable.message,
  );
});
