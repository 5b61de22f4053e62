// The sidebar: compact rows, marks, filters, grouping.
import { beforeEach, expect, test } from "vitest";
import { attempt, details } from "../fake/data";
import { sidebar } from "../state/sidebar.svelte";
import { appStore, fake, press, screen, start, waitFor } from "../test/start";

type User = Awaited<ReturnType<typeof start>>;
const names = () => [...document.querySelectorAll(".fleet .name")].map((one) => one.textContent);
const headings = () =>
  [...document.querySelectorAll(".fleet h2")].map((one) => (one.textContent ?? "").replace(/\s+/g, " ").trim());

/** Chooses from the list's menu by keyboard. Without layout it counts as hidden. */
async function option(user: User, name: RegExp) {
  screen.getByRole("button", { name: "List options" }).focus();
  await user.keyboard("{Enter}");
  (await screen.findByRole("menuitemradio", { name, hidden: true })).focus();
  await user.keyboard("{Enter}");
}

beforeEach(() => {
  localStorage.removeItem("grouping");
  sidebar.reset();
});

test("a row is one line, with the remaining time at its end and the status as accessible text", async () => {
  await start("some");
  const row = screen.getByRole("button", { name: /^Acme production Active, 4[23] min left$/ });
  expect(row.querySelector(".state")).toHaveTextContent(/^4[23] min$/);
  expect(row.querySelector(".state")).toHaveAttribute("aria-hidden", "true");
  // The shape of the icon says the status as well.
  expect(row.querySelector("use")).toHaveAttribute("href", "#i-s-active");
  const expired = screen.getByRole("button", { name: /^Old portfolio Expired, / });
  expect(expired.querySelector(".state")).toHaveTextContent(/^Expired$/);
});

test("every provider has a mark: a drawn one, or letters of its name", async () => {
  await start("some", () => {
    const add = (id: string, provider: string, provider_name: string) => {
      const one = details(id, id, "active", 60_000);
      Object.assign(one.summary, { provider, provider_name });
      fake.data.connections.push(one.summary);
    };
    add("x1", "custom", "id.harbour.example");
    add("x2", "custom", "über fracht");
    add("x3", "thegrid", "The Grid");
    add("x4", "custom", "YouTrack");
    add("x5", "custom", "Keycloak 26");
    add("x6", "custom", "𠮷野");
  });
  const mark = (id: string) => document.querySelector(`[data-row=${id}] .mark`);
  expect(mark("c1")?.querySelector("use")).toHaveAttribute("href", "#m-grigora");
  expect(mark("x3")?.querySelector("use")).toHaveAttribute("href", "#m-thegrid");
  const letters = ["x1", "x2", "x4", "x5", "x6"].map((id) => mark(id)?.textContent.trim());
  expect(letters).toEqual(["Ha", "ÜF", "YT", "K2", "𠮷"]);
  expect(mark("x1")).toHaveAttribute("aria-hidden", "true");
});

test("what needs attention is counted and found with one press", async () => {
  const user = await start("troubled", () => fake.data.attempts.push(attempt("failed", { app_id: "acme-shop" })));
  await waitFor(() => expect(names()).toContain("Acme Sites"));
  await press(user, "Needs attention 2");
  expect(names()).toEqual(["Acme production", "Acme Sites"]);
  expect(screen.getByRole("button", { name: "Needs attention 2" })).toHaveAttribute("aria-pressed", "true");
  await user.type(screen.getByRole("textbox", { name: "Filter connections" }), "bakery");
  expect(screen.getByText("No matches for “bakery” under “Needs attention”")).toBeInTheDocument();
  await press(user, "Needs attention 2");
  expect(names()).toEqual(["Bakery site"]);
});

test("the list is filtered by status, with counts", async () => {
  const user = await start("troubled");
  screen.getByRole("button", { name: "List options" }).focus();
  await user.keyboard("{Enter}");
  const offered = (await screen.findAllByRole("menuitemradio", { hidden: true })).map((one) =>
    (one.textContent ?? "").replace(/\s+/g, " ").trim(),
  );
  expect(offered).toEqual([
    ...["All 7", "Needs attention 1", "Active 1", "Retrying 1", "Expired 1", "Locked 1", "Disconnected 1"],
    ...["Not connected 1", "Provider", "Environment", "Label"],
  ]);
  await user.keyboard("{Escape}");
  await option(user, /^Disconnected/);
  expect(names()).toEqual(["Night desk"]);
  // It is told if the last one leaves the category.
  const desk = fake.data.details.c4!;
  desk.summary = { ...desk.summary, state: "active" };
  fake.tell({ kind: "connection", value: "c4" });
  await screen.findByText("Nothing under “Disconnected”");
  await press(user, "Disconnected 0");
  expect(names()).toHaveLength(7);
});

test("the grouping is the person's choice and is remembered", async () => {
  const user = await start("environments");
  expect(headings()).toEqual(["Production 2", "Staging 2", "Other 1"]);
  await option(user, /^Provider/);
  expect(headings()).toEqual(["Grigora", "GroveStreams"]);
  expect(localStorage.getItem("grouping")).toBe("provider");
  await option(user, /^Environment/);
  expect(headings()).toEqual(["Production 2", "Staging 2", "Other 1"]);
});

test("the list begins with the connection that is opened at first", async () => {
  await start("environments", () => {
    const first = details("c0", "Aardvark", "active", 60_000);
    Object.assign(first.summary, { app_id: "old", app_name: "Old portfolio" });
    fake.data.connections.unshift(first.summary);
    fake.data.details.c0 = first;
  });
  await screen.findByRole("heading", { name: "Acme production", level: 1 });
  expect(names()[0]).toBe("Acme production");
  expect(appStore.connections[0]?.name).toBe("Aardvark");
});

test("the text filter is cleared by its button and by Escape", async () => {
  const user = await start("some");
  const box = screen.getByRole("textbox", { name: "Filter connections" });
  const all = names();
  expect(screen.queryByRole("button", { name: "Clear filter" })).toBeNull();
  await user.type(box, "bakery");
  expect(names()).toEqual(["Bakery site"]);
  await press(user, "Clear filter");
  expect(names()).toEqual(all);
  expect(box).toHaveFocus();
  await user.type(box, "bakery{Escape}");
  expect(names()).toEqual(all);
});

test("a state has the same word in its row and in the filter", async () => {
  const user = await start("troubled");
  for (const one of document.querySelectorAll(".fleet .state")) {
    const word = one.textContent ?? "";
    if (/connected/i.test(word)) await option(user, new RegExp(`^${word}`));
  }
});
