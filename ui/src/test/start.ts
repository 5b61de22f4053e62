// Starts the whole window in front of the fake host, in one of its scenarios.

import { render, screen } from "@testing-library/svelte";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { waitFor } from "@testing-library/svelte";
import { expect } from "vitest";
import App from "../App.svelte";
import { fake } from "../fake/fake";
import { starting } from "../state/connecting.svelte";
import { palette } from "../state/palette.svelte";
import { here } from "../state/place.svelte";
import { places } from "../state/places.svelte";
import { shelves } from "../state/shelf.svelte";
import { things } from "../state/things.svelte";
import { deepLink } from "../state/wayback.svelte";
import { world } from "../state/world.svelte";

export async function start(scenario: string, tell?: () => void): Promise<UserEvent> {
  for (const id of world.details.keys()) {
    places.drop(id);
    shelves.drop(id);
    things.drop(id);
  }
  world.details.clear();
  world.notices = [];
  deepLink.forget();
  palette.open = false;
  for (const { id } of world.apps) starting(id).trouble = null;
  world.phase = "opening";
  here.go({ at: "home" });
  fake.use(scenario);
  tell?.();
  render(App);
  if (!["opening"].includes(scenario)) await waitFor(() => screen.getByRole("heading", { level: 1 }));
  await waitFor(() => expect(world.partial).toBe(false));
  return userEvent.setup();
}

export const press = async (user: UserEvent, name: string | RegExp): Promise<void> =>
  user.click(await screen.findByRole("button", { name }));
export const row = async (user: UserEvent, name: string): Promise<void> =>
  user.click(await screen.findByRole("button", { name: new RegExp(`^${name}`) }));

/** Opens the menu of a connection, by keyboard, and chooses from it. Without a layout it counts as hidden. */
export async function choose(user: UserEvent, item: string): Promise<void> {
  (await screen.findByRole("button", { name: "More actions" })).focus();
  await user.keyboard("{Enter}");
  (await screen.findByText(item, { selector: "[role=menuitem]" })).focus();
  await user.keyboard("{Enter}");
}

export { fake, screen, waitFor, world };
