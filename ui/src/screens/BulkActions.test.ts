// Selecting several connections, and actions for all of them.
import { expect, test } from "vitest";
import { details, unavailable } from "../fake/data";
import { bulk } from "../state/bulk.svelte";
import { removals } from "../state/removals.svelte";
import { router } from "../state/router.svelte";
import { selection } from "../state/selection.svelte";
import { appStore, fake, press, screen, start, waitFor } from "../test/start";
import { within } from "@testing-library/svelte";

type User = Awaited<ReturnType<typeof start>>;
const row = (id: string) => document.querySelector<HTMLElement>(`[data-row="${id}"]`) as HTMLElement;
const nameOf = (id: string) => appStore.connections.find((one) => one.id === id)?.name ?? "";
const selected = () => selection.connections.map(({ id }) => id);

async function click(user: User, id: string, key?: "Control" | "Shift") {
  if (key) await user.keyboard(`{${key}>}`);
  await user.click(row(id));
  if (key) await user.keyboard(`{/${key}}`);
}

test("Ctrl and Shift select several connections, and Esc ends that", async () => {
  const user = await start("some");
  await click(user, "c1", "Control");
  await screen.findByRole("heading", { name: "1 connection selected" });
  await click(user, "c3", "Shift");
  expect(selected()).toEqual(["c1", "c2", "c3"]);
  await click(user, "c2", "Control");
  expect(selected()).toEqual(["c1", "c3"]);
  expect(row("c1")).toHaveAttribute("aria-pressed", "true");
  expect(row("c2")).toHaveAttribute("aria-pressed", "false");
  row("c1").focus();
  await user.keyboard("{Escape}");
  expect(selected()).toEqual([]);
  expect(row("c1")).not.toHaveAttribute("aria-pressed");
  // The page from before is still there.
  expect(await screen.findByRole("heading", { name: "Acme production", level: 1 })).toBeVisible();
});

test("connections are selected by keyboard alone", async () => {
  const user = await start("some");
  row("c1").focus();
  await user.keyboard("{Control>} {/Control}");
  expect(selected()).toEqual(["c1"]);
  await user.keyboard("{Shift>}{ArrowDown}{ArrowDown}{/Shift}");
  expect(selected()).toEqual(["c1", "c2", "c3"]);
  await user.keyboard("{Shift>}{ArrowUp}{/Shift}");
  expect(selected()).toEqual(["c1", "c2"]);
  await user.keyboard(" ");
  expect(selected()).toEqual(["c1"]);
  await user.keyboard("{Control>}a{/Control}");
  expect(selected()).toEqual(["c1", "c2", "c3", "c4"]);
  // An app is not selected, and the filter limits what is.
  await user.keyboard("{Escape}");
  await user.type(screen.getByRole("textbox", { name: "Filter connections" }), "acme");
  row("c1").focus();
  await user.keyboard("{Control>}a{/Control}");
  expect(selected()).toEqual(["c1", "c2"]);
});

test("all selected connections are refreshed, with the result of each", async () => {
  const user = await start("troubled");
  for (const id of ["c2", "c4", "c6"]) await click(user, id, "Control");
  fake.fail("refresh", unavailable);
  await press(user, "Refresh");
  await screen.findByText("1 skipped, 2 failed.");
  const page = within(screen.getByRole("main"));
  expect(page.getAllByText(unavailable.message)).toHaveLength(2);
  expect(page.getByText("Skipped: it is disconnected.")).toBeInTheDocument();
  expect(
    fake
      .called("refresh")
      .map(([id]) => id)
      .sort(),
  ).toEqual(["c2", "c6"]);
  fake.fail("refresh", null);
  await press(user, "Refresh");
  await screen.findByText("2 done, 1 skipped.");
  expect(page.getAllByText("Refreshed.")).toHaveLength(2);
  // The page of each has what to do next.
  await user.click(page.getByRole("button", { name: nameOf("c4") }));
  expect(selected()).toEqual([]);
  expect(router.route).toMatchObject({ page: "connection", connection: "c4" });
});

test("what has no refresh token is not refreshed", async () => {
  const user = await start("some", () => {
    fake.data.connections[0]!.can_refresh = false;
  });
  await click(user, "c1", "Control");
  expect(screen.getByRole("button", { name: "Refresh" })).toBeDisabled();
  await click(user, "c2", "Control");
  await press(user, "Refresh");
  await screen.findByText("1 done, 1 skipped.");
  expect(within(screen.getByRole("main")).getByText("Skipped: it has no refresh token.")).toBeInTheDocument();
  expect(fake.called("refresh").map(([id]) => id)).toEqual(["c2"]);
});

test("an action shows its progress, and what has not begun is left when it is stopped", async () => {
  const user = await start("some", () => {
    for (let n = 1; n <= 6; n += 1) {
      const one = details(`d${n}`, `Client ${n}`, "active", 60 * 60_000);
      fake.data.details[`d${n}`] = one;
      fake.data.connections.push(one.summary);
    }
  });
  selection.all(appStore.connections.map(({ id }) => id));
  const answer = fake.hold("refresh");
  await press(user, "Refresh");
  await screen.findByText("0 of 10 refreshed…");
  expect(screen.getByRole("button", { name: "Remove" })).toBeDisabled();
  await press(user, "Stop");
  answer();
  await waitFor(() => expect(bulk.busy).toBe(false));
  expect(fake.called("refresh")).toHaveLength(4);
  const phases = [...bulk.results.values()].map(({ phase }) => phase);
  expect(phases).toHaveLength(10);
  expect(phases.filter((phase) => phase === "stopped").length).toBe(6);
});

test("disconnecting several needs confirmation", async () => {
  const user = await start("some");
  for (const id of ["c1", "c2"]) await click(user, id, "Control");
  await press(user, "Disconnect…");
  const dialog = await screen.findByRole("alertdialog");
  expect(dialog).toHaveTextContent("Disconnect 2 connections");
  expect(fake.called("disconnect")).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: "Disconnect" }));
  await screen.findByText("2 done.");
  const states = appStore.connections.filter(({ id }) => ["c1", "c2"].includes(id)).map(({ state }) => state);
  expect(states).toEqual(["disconnected", "disconnected"]);
});

test("several are reconnected one after the other, each on its own page", async () => {
  const user = await start("troubled");
  for (const id of ["c1", "c4"]) await click(user, id, "Control");
  await press(user, "Reconnect");
  await screen.findByRole("heading", { name: /^Reconnect Acme production/ });
  expect(screen.getByRole("region", { name: "Sign-in of Acme production" })).toHaveTextContent("0 of 2 done");
  expect(fake.called("startAttempt")).toEqual([["acme-sites", "c1"]]);
  const attempt = appStore.attempts.find((one) => one.connection_id === "c1")!;
  fake.tell({ kind: "attempt", value: { ...attempt, phase: "done" } });
  await screen.findByRole("heading", { name: /^Reconnect Night desk/ });
  expect(fake.called("startAttempt")).toHaveLength(2);
  await press(user, "Stop");
  await screen.findByRole("heading", { name: "2 connections selected" });
  expect(fake.called("cancelAttempt")).toHaveLength(1);
  const page = within(screen.getByRole("main"));
  expect(page.getByText("Reconnected.")).toBeInTheDocument();
  expect(page.getAllByText("Cancelled").some((one) => one.closest("li[aria-posinset]"))).toBe(true);
});

test("several are removed with undo", async () => {
  const user = await start("some");
  for (const id of ["c1", "c4"]) await click(user, id, "Control");
  await press(user, "Remove");
  expect(appStore.connections.map(({ id }) => id)).toEqual(["c2", "c3"]);
  // The time stands still while the pointer or the focus is at the notice.
  const undo = await screen.findByRole("button", { name: "Undo" });
  await user.hover(undo);
  undo.focus();
  await user.unhover(undo);
  await waitFor(() => expect(removals.pending[0]?.isHeld).toBe(true));
  undo.blur();
  await waitFor(() => expect(removals.pending[0]?.isHeld).toBe(false));
  await press(user, "Undo");
  expect(appStore.connections).toHaveLength(4);
  expect([...fake.called("disconnect"), ...fake.called("forget")]).toEqual([]);
  for (const id of ["c1", "c4"]) await click(user, id, "Control");
  await press(user, "Remove");
  await press(user, "Remove now");
  await waitFor(() => expect(removals.pending).toEqual([]));
  expect(appStore.allConnections.map(({ id }) => id)).toEqual(["c2", "c3"]);
  expect(fake.called("forget")).toHaveLength(2);
});

test("a disconnect of shared connections says that it ends them for the team", async () => {
  const user = await start("team");
  await click(user, "c1", "Control");
  await click(user, "c4", "Control");
  await press(user, "Disconnect…");
  const dialog = await screen.findByRole("alertdialog", { name: "Disconnect 2 connections" });
  expect(dialog).toHaveTextContent("1 of them is shared: what is shared ends for the whole team");
});

test("who goes to another page leaves the selection", async () => {
  const user = await start("some");
  await click(user, "c1", "Control");
  await screen.findByRole("heading", { name: "1 connection selected" });
  await press(user, "Settings");
  expect(await screen.findByRole("heading", { name: "Settings", level: 1 })).toBeVisible();
  expect(selected()).toEqual([]);
});

test("shortcuts of a connection do nothing while its page is behind a selection", async () => {
  const user = await start("some");
  await click(user, "c2", "Control");
  await screen.findByRole("heading", { name: "1 connection selected" });
  await user.keyboard("{Control>}r{/Control}{Control>}{Shift>}c{/Shift}{/Control}");
  expect([fake.called("refresh"), fake.called("copyToken")]).toEqual([[], []]);
  await user.keyboard("{Escape}");
  await user.keyboard("{Control>}r{/Control}");
  expect(fake.called("refresh")).toEqual([["c1"]]);
});

test("the menu key on a selected row leads to the actions", async () => {
  const user = await start("some");
  await click(user, "c2", "Control");
  row("c2").focus();
  await user.keyboard("{Shift>}{F10}{/Shift}");
  expect(screen.getByRole("button", { name: "Refresh" })).toHaveFocus();
});
