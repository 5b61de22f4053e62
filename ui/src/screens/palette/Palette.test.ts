import { expect, test } from "vitest";
import { palette } from "../../state/palette.svelte";
import { fake, screen, start, waitFor, world } from "../../test/start";

async function open(scenario: string) {
  const user = await start(scenario);
  await user.keyboard("{Control>}k{/Control}");
  const box = await screen.findByRole("combobox", { name: "Commands" });
  await waitFor(() => expect(box).toHaveFocus());
  return { user, box };
}
const chosen = () => document.querySelector("[role=option][aria-selected=true]");

test("a connection is found by a few letters and reached by Enter", async () => {
  const { user, box } = await open("some");
  await user.type(box, "grig bakery");
  await waitFor(() => expect(chosen()).toHaveTextContent("Bakery site"));
  await user.keyboard("{Enter}");
  await screen.findByRole("heading", { name: "Bakery site", level: 1 });
  await waitFor(() => expect(palette.open).toBe(false));
});

test("arrows choose, and the box names the chosen one", async () => {
  const { user, box } = await open("some");
  await waitFor(() => expect(chosen()).toHaveTextContent("Acme production"));
  await user.keyboard("{ArrowDown}");
  await waitFor(() => expect(chosen()).toHaveTextContent("Acme staging"));
  expect(box.getAttribute("aria-activedescendant")).toBe(chosen()?.id);
});

test("what can be done with the connection that is shown is done", async () => {
  const { user, box } = await open("some");
  await user.type(box, "copy token");
  await waitFor(() => expect(chosen()).toHaveTextContent("Copy token"));
  await user.keyboard("{Enter}");
  await waitFor(() => expect(fake.called("copyToken")).toEqual([[world.connections[0]?.id]]));
});

test("what fails is told, and the palette stays", async () => {
  const { user, box } = await open("some");
  fake.fail("copyToken", { code: "keyring_locked", message: "The keyring is locked.", meaning: null, hint: null, field: null });
  await user.type(box, "copy token");
  await waitFor(() => expect(chosen()).toHaveTextContent("Copy token"));
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("The keyring is locked.");
});

test("nothing found is said", async () => {
  const { user, box } = await open("some");
  await user.type(box, "xyzzy");
  await screen.findByText("Nothing fits “xyzzy”.");
});
