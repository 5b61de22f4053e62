// Banners above the page: the sandbox that a second start of Grapnel asked for.
import { expect, test } from "vitest";
import { trouble } from "../fake/data";
import { fake, press, screen, start, waitFor } from "../test/start";

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
