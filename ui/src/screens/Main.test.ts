import { expect, test } from "vitest";
import { details } from "../fake/world";
import { here } from "../state/place.svelte";
import { fake, screen, start, waitFor, world } from "../test/start";

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
  await waitFor(() => expect(screen.getByRole("button", { name: /^Made meanwhile/ })).toHaveAttribute("aria-current", "page"));
  expect(here.place).toMatchObject({ connection: "made" });
});
