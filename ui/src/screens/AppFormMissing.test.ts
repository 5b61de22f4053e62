import { expect, test } from "vitest";
import { fake, press, screen, start, step, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;

test("all missing values are reported at once, and the errors follow the input", async () => {
  const user = await start("some");
  await press(user, "Add app");
  const radio = (name: string) => screen.findByRole("radio", { name });
  await user.click(await radio("Another provider"));
  await step(user, "Register");
  await user.click(await radio("Paste manually"));
  await user.type(field("token_url"), "id.harbour.example/token");
  await user.click(document.querySelector("form button[type=submit]") as Element);
  const wrong = () => [...document.querySelectorAll("[aria-invalid=true]")].map((one) => one.id);
  await waitFor(() => expect(wrong()).toEqual(["authorize_url", "token_url", "redirect_address", "client_id"]));
  expect(field("authorize_url")).toHaveFocus();
  const steps = () => screen.getAllByRole("button", { name: /, has errors$/ }).map((one) => one.textContent?.trim());
  expect(steps()).toEqual(["Provider, has errors", "Register, has errors", "Credentials, has errors"]);
  expect(field("token_url")).toHaveAccessibleDescription("Enter an https:// URL.");
  expect(fake.called("addApp")).toEqual([]);
  await user.type(field("client_id"), "own");
  await waitFor(() => expect(wrong()).toEqual(["authorize_url", "token_url", "redirect_address"]));
  await step(user, "Provider");
  await user.click(await radio("GroveStreams"));
  await waitFor(() => expect(wrong()).not.toContain("client_id"));
});
