// Banners above the page: the sandbox that a second start of Grapnel asked for, and finished sign-ins.
import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { trouble } from "../fake/data";
import type { Attempt } from "../host";
import { appStore, fake, press, row, screen, start, waitFor } from "../test/start";

test("a second start with the sandbox is told in the window, and leads to adding an app", async () => {
  const user = await start("some");
  fake.sandboxRequested.emit(null);
  expect(await screen.findByRole("region", { name: "The sandbox is running" })).toHaveTextContent(
    "It simulates the built-in providers on this computer.",
  );
  await press(user, "Add sandbox app");
  await screen.findByRole("heading", { name: "Add app", level: 1 });
  expect(screen.getByText("Filled in for the sandbox. Nothing leaves this computer.")).toBeVisible();
  await waitFor(() => expect(screen.queryByRole("region", { name: "The sandbox is running" })).toBeNull());
});

test("if it does not start, the window says why, and offers to try again", async () => {
  const user = await start("some");
  fake.sandboxRequested.emit(
    trouble("port_taken", "The sandbox is not running: port 4780 is used by another program."),
  );
  expect(await screen.findByRole("alert")).toHaveTextContent("port 4780 is used by another program.");
  await press(user, "Try again");
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

/** The sign-in that waits, as it ends while another page is shown. */
async function end(more: Partial<Attempt>) {
  const user = await start("waiting");
  await press(user, "Activity");
  const [waits] = fake.data.attempts;
  if (!waits) throw new Error("no attempt");
  const done: Attempt = { ...waits, phase: "done", ...more };
  fake.data.attempts = [done];
  fake.tell({ kind: "attempt", value: done });
  return user;
}

test("a sign-in that ends while another page is shown is told, and leads to its confirmation", async () => {
  const user = await end({ connection_id: "c2" });
  const notice = await screen.findByRole("region", { name: "Sign-in complete" });
  expect(notice).toHaveTextContent("Acme staging is connected.");
  expect(screen.getByText("Sign-in complete. Acme staging is connected.")).toBeInTheDocument();
  await user.click(within(notice).getByRole("button", { name: "Show" }));
  await screen.findByRole("heading", { name: "Acme staging", level: 1 });
  expect(await screen.findByText("Connected as", { exact: false, selector: ".arrived .what" })).toBeVisible();
  expect(screen.queryByRole("region", { name: "Sign-in complete" })).toBeNull();
  expect(appStore.attempts).toEqual([]);
});

test("that another account signed in is told on every page, and by a row that leads to the decision", async () => {
  const kept = { connection_id: "c1", connection: "Acme production", account: "Amélie Renard" };
  const user = await end({
    connection_id: "c2",
    other_account: { ...kept, signed_in: "Bo Lind", kept_as: "Acme staging" },
  });
  const notice = await screen.findByRole("alert", { name: "Another account signed in" });
  expect(notice).toHaveTextContent("You signed in as Bo Lind");
  await user.click(within(notice).getByRole("button", { name: "Show" }));
  await screen.findByRole("button", { name: "Keep both" });
  expect(screen.queryByRole("alert", { name: "Another account signed in" })).toBeNull();
  await press(user, "Activity");
  expect(screen.getByRole("button", { name: /^Acme staging .*, sign-in: other account$/ })).toBeVisible();
  await row(user, "Acme staging");
  await screen.findByRole("button", { name: "Keep both" });
});

test("while the sandbox is not running, nothing says that it refreshes", async () => {
  const user = await start("sandbox-stopped");
  const page = within(screen.getByRole("main"));
  await waitFor(() => expect(page.getByText("Nothing refreshes it until the sandbox runs.")).toBeVisible());
  expect(page.queryByText(/[Rr]efreshes automatically/)).toBeNull();
  expect(page.queryByText("Refreshes")).toBeNull();
  await user.click(page.getByRole("tab", { name: "Token" }));
  const told = async () =>
    expect(await page.findAllByText("Nothing refreshes it until the sandbox runs.")).toHaveLength(2);
  await waitFor(told);
  await user.keyboard("{Control>}k{/Control}");
  expect(await screen.findAllByRole("option", { name: /, Sandbox not running/ })).not.toHaveLength(0);
  expect(screen.queryByRole("option", { name: /, Active/ })).toBeNull();
  await user.keyboard("{Escape}");
  await user.click(screen.getByRole("button", { name: "List options" }));
  expect(await screen.findByRole("menuitemradio", { name: /^Sandbox not running/ })).toBeVisible();
  expect(screen.queryByRole("menuitemradio", { name: /^Active/ })).toBeNull();
  await user.keyboard("{Escape}");
  // Its next step is another one.
  const c1 = fake.data.details["c1"];
  if (!c1) throw new Error("no such connection");
  c1.summary.state = "disconnected";
  fake.tell({ kind: "connection", value: "c1" });
  await page.findByText("Tokens deleted from this computer.");
});
