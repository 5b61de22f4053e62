// The buttons for the next step of an error that stands beside its cause.
import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { trouble } from "../fake/data";
import { router } from "../state/router.svelte";
import { choose, fake, press, screen, start, waitFor } from "../test/start";

const failing = { ...trouble("invalid_client", "Grigora does not accept the client ID or secret.") };

test("a failed copy offers to edit the app", async () => {
  const user = await start("some", () => fake.fail("copyToken", failing));
  await press(user, "Copy token");
  expect(await screen.findByRole("alert")).toHaveTextContent("does not accept the client ID");
  await press(user, "Edit app");
  await screen.findByRole("heading", { name: "Edit Acme Sites", level: 1 });
});

test("an error that needs a sign-in offers to reconnect", async () => {
  const user = await start("some", () => fake.fail("copyAuthorizationHeader", trouble("reconnect_needed", "Refused.")));
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  await press(user, "Copy as header");
  const steps = () => (screen.getByRole("alert").parentElement as HTMLElement).querySelectorAll("button");
  await screen.findByRole("alert");
  expect([...steps()].map((button) => button.textContent)).toEqual(["Reconnect"]);
  await user.click(steps()[0] as Element);
  await screen.findByRole("heading", { name: "Reconnect Acme production to Grigora", level: 1 });
});

test("the step of an error in a dialog closes the dialog", async () => {
  const wrong = { ...trouble("provider_unavailable", "The proxy refuses."), next_step: "open_settings" as const };
  const user = await start("some", () => fake.fail("disconnect", wrong));
  await choose(user, "Disconnect…");
  const dialog = await screen.findByRole("alertdialog");
  await user.click(within(dialog).getByRole("button", { name: "Disconnect" }));
  await user.click(await within(dialog).findByRole("button", { name: "Open Settings" }));
  expect(router.route.page).toBe("settings");
  await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
});
