import { expect, test } from "vitest";
import { trouble } from "../../fake/data";
import { router } from "../../state/router.svelte";
import { fake, press, screen, start, waitFor } from "../../test/start";

async function browse(scenario: string) {
  const user = await start(scenario);
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  return user;
}
const rows = () => [...document.querySelectorAll(".thing")].map((row) => row.textContent?.trim());

test("collections are listed, with details and nested items", async () => {
  const user = await browse("grindery");
  await screen.findByRole("heading", { name: "Workspaces" });
  await waitFor(() => expect(rows()).toEqual(["Boats Everything about the boats", "Crew"]));
  await press(user, /^Boats/);
  expect(screen.getByRole("complementary", { name: "Selected" })).toHaveTextContent("ws_boats");
  await press(user, "Workflows");
  await screen.findByRole("heading", { name: "Workflows in Boats" });
  await waitFor(() => expect(rows()).toEqual(["Tell the crew when a boat leaves on", "wf_2 off"]));
  expect(fake.called("items")).toEqual([
    ["c1", "workspaces", null],
    ["c1", "workflows", "ws_boats"],
  ]);
  await press(user, "Back to Workspaces");
  expect(screen.getByRole("button", { name: /^Boats/ })).toHaveAttribute("aria-pressed", "true");
  expect(fake.called("items")).toHaveLength(2);
});

test("an empty collection says so", async () => {
  const user = await browse("grindery");
  await press(user, /^Crew/);
  await press(user, "Workflows");
  await screen.findByText("No workflows.");
});

test("arrow keys move through rows", async () => {
  const user = await browse("thegrid");
  (await screen.findByRole("button", { name: /^Harbour page 1 / })).focus();
  await user.keyboard("{ArrowDown}{Enter}");
  expect(screen.getByRole("complementary")).toHaveTextContent("site-1");
  await user.keyboard("{End}");
  expect(document.activeElement).toHaveTextContent("Harbour page 14");
});

test("a connection that cannot be browsed has no tab for it", async () => {
  const user = await start("custom");
  await screen.findByRole("tab", { name: "Activity" });
  expect(screen.queryByRole("tab", { name: "Browse" })).toBeNull();
  // Another route shows the content too.
  router.toConnection("c1", "browse");
  await screen.findByRole("tabpanel", { name: "Overview" });
  await user.keyboard("{Control>}k{/Control}");
  await user.type(await screen.findByRole("combobox"), "browse");
  expect(screen.queryByRole("option", { name: /^Browse/ })).toBeNull();
});

test("if a setting of the app is missing, the app can be edited", async () => {
  const user = await start("grovestreams", () =>
    fake.fail("items", {
      ...trouble("not_found", "There are no organizations that Grapnel could list without your user ID."),
      field: "user_uid",
      next_step: "edit_app",
    }),
  );
  await user.click(await screen.findByRole("tab", { name: "Browse" }));
  await screen.findByRole("button", { name: "Try again" });
  await press(user, "Edit app");
  await screen.findByRole("heading", { name: "Edit Harbour", level: 1 });
});

test("a failure is shown and can be retried, and cached content stays", async () => {
  const user = await browse("things-error");
  expect(await screen.findByRole("alert")).toHaveTextContent("The Grid answered 503.");
  fake.fail("items", null);
  await press(user, "Try again");
  await waitFor(() => expect(rows()).toHaveLength(14));
  expect(screen.getByText("14 items")).toBeInTheDocument();
  fake.wait("items", 1e9);
  await press(user, "Reload");
  await screen.findByText("Loading sites from The Grid…");
  await press(user, "Cancel");
  await screen.findByText("Cancelled.");
  expect(rows()).toHaveLength(14);
});

test("a slow first response can be cancelled", async () => {
  const user = await browse("things-slow");
  await screen.findByText("Loading sites from The Grid…");
  await press(user, "Cancel");
  await screen.findByText(/Cancelled/);
  expect(fake.called("cancel").length).toBeGreaterThan(0);
});

test("a list of items is one tab stop", async () => {
  const user = await browse("thegrid");
  const all = () => [...document.querySelectorAll<HTMLElement>(".thing")];
  await waitFor(() => expect(all().length).toBeGreaterThan(3));
  const stops = () => all().flatMap((one, nth) => (one.tabIndex === 0 ? [nth] : []));
  expect(stops()).toEqual([0]);
  all()[0]?.focus();
  await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
  await waitFor(() => expect(stops()).toEqual([2]));
  await user.keyboard("{End}");
  await waitFor(() => expect(stops()).toEqual([all().length - 1]));
});
