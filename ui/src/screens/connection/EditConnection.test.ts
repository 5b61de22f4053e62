// Name, label, note, pin and order of a connection.
import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { router } from "../../state/router.svelte";
import { sidebar } from "../../state/sidebar.svelte";
import { appStore, choose, fake, press, screen, start, waitFor } from "../../test/start";

const names = () => [...document.querySelectorAll(".fleet .name")].map((one) => one.textContent);
const headings = () =>
  [...document.querySelectorAll(".fleet h2")].map((one) => (one.textContent ?? "").replace(/\s+/g, " ").trim());
const field = (name: string) => screen.getByRole("textbox", { name, hidden: true });

test("a connection is renamed, labelled and noted, and found by all of that", async () => {
  const user = await start("some");
  await choose(user, "Edit details…");
  expect(field("Name")).toHaveValue("Acme production");
  await user.clear(field("Name"));
  await user.type(field("Name"), "Acme live");
  await user.type(screen.getByLabelText("Label"), "Harbour");
  await user.type(field("Note"), "ask Ines{Enter}first");
  await press(user, "Save");
  await screen.findByRole("heading", { name: "Acme live", level: 1 });
  expect(fake.called("editConnection")).toEqual([
    ["c1", { name: "Acme live", label: "Harbour", note: "ask Ines\nfirst" }],
  ]);
  expect(await screen.findByText(/ask Ines\s+first/)).toBeVisible();
  await waitFor(() => expect(names()[0]).toBe("Acme live"));
  const box = screen.getByRole("textbox", { name: "Filter connections" });
  await user.type(box, "ines");
  expect(names()).toEqual(["Acme live"]);
  await user.clear(box);
  await user.type(box, "harbour");
  expect(names()).toEqual(["Acme live"]);
  await user.clear(box);
  sidebar.groupBy("label");
  await waitFor(() => expect(headings()).toEqual(["Harbour 1", "Other 4"]));
  localStorage.removeItem("grouping");
});

test("a name that is taken is reported at its field, and nothing is lost", async () => {
  const user = await start("some");
  await choose(user, "Edit details…");
  await user.clear(field("Name"));
  await user.type(field("Name"), "Bakery site");
  await user.type(field("Note"), "kept");
  await press(user, "Save");
  await waitFor(() => expect(field("Name")).toHaveAccessibleDescription(/already a connection/));
  expect(field("Name")).toHaveFocus();
  expect(field("Note")).toHaveValue("kept");
  await press(user, "Cancel");
  expect(screen.queryByRole("textbox", { name: "Note" })).toBeNull();
  expect(appStore.connections[0]?.name).toBe("Acme production");
});

test("a pinned connection is at the top, in a group of its own", async () => {
  const user = await start("some");
  await user.click(await screen.findByRole("button", { name: /^Old portfolio/ }));
  await choose(user, "Pin to top");
  await waitFor(() => expect(headings()).toEqual(["Pinned", "Grigora"]));
  expect(names()[0]).toBe("Old portfolio");
  await choose(user, "Unpin");
  await waitFor(() => expect(headings()).toEqual(["Grigora"]));
});

test("the order is changed with Alt and arrow keys or from the menu, and is by name again", async () => {
  const user = await start("some");
  const all = ["Acme production", "Acme staging", "Bakery site", "Old portfolio", "Acme Shop"];
  const first = document.querySelector<HTMLElement>("[data-row=c1]");
  first?.focus();
  await user.keyboard("{Alt>}{ArrowDown}{ArrowDown}{/Alt}");
  await waitFor(() => expect(names()).toEqual([all[1], all[2], all[0], all[3], all[4]]));
  expect(document.activeElement).toHaveAttribute("data-row", "c1");
  await screen.findByText("Acme production: 3 of 4");
  await waitFor(() => expect(fake.called("arrangeConnections")).toHaveLength(2));
  expect(fake.called("arrangeConnections").at(-1)).toEqual([["c2", "c3", "c1", "c4"], false]);
  // At the end of the list, nothing happens.
  await user.keyboard("{Alt>}{ArrowDown}{ArrowDown}{ArrowDown}{/Alt}");
  await waitFor(() => expect(fake.called("arrangeConnections")).toHaveLength(3));
  await choose(user, "Move up");
  await waitFor(() => expect(names()).toEqual([all[1], all[2], all[0], all[3], all[4]]));
  screen.getByRole("button", { name: "List options" }).focus();
  await user.keyboard("{Enter}");
  const menu = await screen.findByRole("menu", { name: "List options", hidden: true });
  within(menu).getByText("Sort by name").focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(names()).toEqual(all));
});

test("the form is left with its page", async () => {
  const user = await start("some");
  await choose(user, "Edit details…");
  expect(document.querySelector("dialog[open]")).not.toBeNull();
  router.toConnection("c2");
  await waitFor(() => expect(document.querySelector("dialog[open]")).toBeNull());
  router.toConnection("c1");
  await screen.findByRole("heading", { name: "Acme production" });
  expect(document.querySelector("dialog[open]")).toBeNull();
});
