import { expect, test } from "vitest";
import { palette } from "../../state/palette.svelte";
import { router } from "../../state/router.svelte";
import { postLists } from "../../state/postListState.svelte";
import { fake, screen, start, waitFor, appStore } from "../../test/start";

async function open(scenario: string) {
  const user = await start(scenario);
  await user.keyboard("{Control>}k{/Control}");
  const box = await screen.findByRole("combobox", { name: "Commands" });
  await waitFor(() => expect(box).toHaveFocus());
  return { user, box };
}
const chosen = () => document.querySelector("[role=option][aria-selected=true]");

test("a connection is found by a few letters and opened with Enter", async () => {
  const { user, box } = await open("some");
  await user.type(box, "grig bakery");
  await waitFor(() => expect(chosen()).toHaveTextContent("Bakery site"));
  await user.keyboard("{Enter}");
  await screen.findByRole("heading", { name: "Bakery site", level: 1 });
  await waitFor(() => expect(palette.open).toBe(false));
});

test("a connection is found by the status that is shown", async () => {
  const { user, box } = await open("some");
  const one = appStore.connections[0]!;
  appStore.connections = [{ ...one, expires_at: new Date(0).toISOString() }];
  await user.type(box, "expired");
  await waitFor(() => expect(chosen()).toHaveTextContent(one.name));
});

test("arrow keys select, and the box names the selected item", async () => {
  const { user, box } = await open("some");
  await waitFor(() => expect(chosen()).toHaveTextContent("Acme production"));
  await user.keyboard("{ArrowDown}");
  await waitFor(() => expect(chosen()).toHaveTextContent("Acme staging"));
  expect(box.getAttribute("aria-activedescendant")).toBe(chosen()?.id);
  // As in every list, the ends are ends.
  await user.keyboard("{ArrowUp}{ArrowUp}");
  await waitFor(() => expect(chosen()).toHaveTextContent("Acme production"));
});

test.each([
  ["grig bakery", "Bakery site"],
  ["go to app", "Acme Sites"],
])("what %s opens has the focus, and not the row where the person was", async (typed, name) => {
  const user = await start("some");
  document.querySelector<HTMLElement>("[data-row=c1]")?.focus();
  await user.keyboard("{Control>}k{/Control}");
  await user.type(await screen.findByRole("combobox", { name: "Commands" }), `${typed}{Enter}`);
  await screen.findByRole("heading", { name, level: 1 });
  await waitFor(() => expect(palette.open).toBe(false));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("main")));
});

test("commands apply to the shown connection", async () => {
  const { user, box } = await open("some");
  await user.type(box, "copy token");
  await waitFor(() => expect(chosen()).toHaveTextContent("Copy token"));
  await user.keyboard("{Enter}");
  await waitFor(() => expect(fake.called("copyToken")).toEqual([[appStore.connections[0]?.id]]));
});

test("each of many apps is found by the command that connects it", async () => {
  const { user, box } = await open("some");
  const [app] = appStore.allApps;
  if (!app) throw new Error("no app");
  appStore.allApps = Array.from({ length: 40 }, (_, nth) => ({ ...app, id: `a${nth}`, name: `Client ${nth}` }));
  await user.type(box, "connect client 35");
  await waitFor(() => expect(chosen()).toHaveTextContent("Connect Client 35"));
  await user.clear(box);
  await user.type(box, "connect client");
  await waitFor(() => expect(screen.getAllByRole("option", { name: /^Connect Client/ })).toHaveLength(30));
});

test("without a refresh token there is no command to refresh", async () => {
  const { user, box } = await open("custom");
  await waitFor(() => expect(appStore.details.get("c1")?.tokens).toMatchObject({ refresh: null }));
  await user.type(box, "refresh");
  await screen.findByRole("option", { name: "Settings: Refresh" });
  expect(screen.queryByRole("option", { name: /^Refresh now/ })).toBeNull();
});

test("a failure is shown, and the palette stays open", async () => {
  const { user, box } = await open("some");
  fake.fail("copyToken", {
    code: "keyring_locked",
    message: "The keyring is locked.",
    meaning: null,
    hint: null,
    field: null,
  });
  await user.type(box, "copy token");
  await waitFor(() => expect(chosen()).toHaveTextContent("Copy token"));
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("The keyring is locked.");
});

test("a failure is shown until the person types", async () => {
  const { user, box } = await open("some");
  fake.fail("copyToken", {
    code: "keyring_locked",
    message: "The keyring is locked.",
    meaning: null,
    hint: null,
    field: null,
  });
  await user.type(box, "copy token");
  await waitFor(() => expect(chosen()).toHaveTextContent("Copy token"));
  await user.keyboard("{Enter}");
  await screen.findByRole("alert");
  const held = fake.data.details.c1;
  if (held) held.summary.name = "Renamed meanwhile";
  fake.tell({ kind: "connection", value: "c1" });
  await waitFor(() => expect(chosen()).toHaveTextContent("Renamed meanwhile"));
  expect(screen.getByRole("alert")).toHaveTextContent("The keyring is locked.");
  await user.type(box, "{Backspace}");
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("a post of another connection is found and opens despite filters", async () => {
  const user = await start("offline");
  await waitFor(() => expect(appStore.connections.length).toBeGreaterThan(1));
  const [, other] = appStore.connections;
  postLists.open("c1", "p1").filters.status = "draft";
  router.toConnection(other?.id ?? "");
  await user.keyboard("{Control>}k{/Control}");
  await user.type(await screen.findByRole("combobox", { name: "Commands" }), "splicing");
  expect(await screen.findByRole("group", { name: "Offline content" })).toHaveTextContent(
    "Splicing an eye, step by step",
  );
  await waitFor(() => expect(chosen()).toHaveTextContent("Splicing an eye"));
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("complementary", { name: "Selected post" })).toHaveTextContent(
    "Splicing an eye, step by step",
  );
  expect(router.route).toEqual({ page: "connection", connection: "c1", tab: "browse" });
  expect(postLists.of("c1")?.filtered).toBe(false);
});

test("a project opens its posts", async () => {
  const { user, box } = await open("offline");
  await user.type(box, "journal");
  await waitFor(() => expect(chosen()).toHaveTextContent("Acme JournalProject, Acme production"));
  await user.keyboard("{Enter}");
  await waitFor(() => expect(postLists.of("c1")?.project).toBe("p1"));
});

test("a nested item opens in its parent", async () => {
  const { user, box } = await open("grindery");
  fake.data.wasRead = true;
  await user.type(box, "boat leaves");
  await waitFor(() =>
    expect(chosen()).toHaveTextContent("Tell the crew when a boat leavesWorkflow, Harbour automations"),
  );
  await user.keyboard("{Enter}");
  await screen.findByRole("heading", { name: "Workflows in Boats" });
  expect(await screen.findByRole("complementary", { name: "Selected" })).toHaveTextContent(
    "Tell the crew when a boat leaves",
  );
});

test("the offline content is searched after typing pauses", async () => {
  const { user, box } = await open("offline");
  await user.type(box, "splicing");
  await screen.findByRole("group", { name: "Offline content" });
  expect(fake.called("search").length).toBeLessThan(8);
  expect(fake.called("search").at(-1)).toEqual(["splicing"]);
});

test("an empty result says so", async () => {
  const { user, box } = await open("some");
  await user.type(box, "xyzzy");
  await screen.findByText("No results for “xyzzy”");
});

test("no empty result is reported while connections are still loading", async () => {
  const user = await start("some");
  appStore.partial = true;
  await user.type(screen.getByRole("textbox", { name: "Filter connections" }), "xyzzy");
  await user.keyboard("{Control>}k{/Control}");
  await user.type(await screen.findByRole("combobox"), "xyzzy");
  await waitFor(() => expect(fake.called("search")).toEqual([["xyzzy"]]));
  expect(screen.queryByText(/^(No |0 results)/)).toBeNull();
  appStore.partial = false;
  await screen.findByText("No results for “xyzzy”");
  expect(screen.getByText("No matches for “xyzzy”")).toBeInTheDocument();
});
