import { expect, test } from "vitest";
import { trouble } from "../../fake/data";
import { choose, fake, press, row, screen, start, waitFor } from "../../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;

/** The page of an app at a provider that discovery has set up. */
async function open() {
  const user = await start("port-taken", () => fake.fail("startAttempt", null));
  await press(user, "Sign-in options");
  await press(user, "Sign-in options");
  return user;
}

test("what a person chooses for one sign-in is asked for, and nothing else", async () => {
  const user = await open();
  await user.type(field("login_hint"), "ann@id.example");
  await user.selectOptions(field("prompt"), "login");
  await user.type(field("max_age"), "300");
  await press(user, "Connect");
  await screen.findByText("Waiting for you in the browser");
  const options = { login_hint: "ann@id.example", prompt: "login", max_age: "300" };
  expect(fake.called("startAttempt")).toEqual([["own", null, options]]);
});

test("without a choice nothing more is asked for", async () => {
  const user = await open();
  await press(user, "Connect");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("startAttempt")).toEqual([["own", null]]);
});

test("another account is asked for instead of a chosen one", async () => {
  const user = await open();
  await user.type(field("login_hint"), "ann@id.example");
  await user.selectOptions(field("prompt"), "login");
  await user.type(field("max_age"), "300");
  await press(user, "Use another account");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("startAttempt")).toEqual([["own", null, { max_age: "300", another_account: true }]]);
});

test("an invalid choice is reported at its field, which keeps its text", async () => {
  const user = await open();
  await user.type(field("max_age"), "1h");
  await press(user, "Connect");
  await waitFor(() => expect(field("max_age")).toHaveAccessibleDescription(/not a number of seconds/));
  expect(field("max_age")).toHaveValue("1h");
  expect(screen.getAllByRole("alert")).toHaveLength(1);
});

test("a choice survives a sign-in that was refused", async () => {
  const user = await open();
  await user.type(field("acr_values"), "mfa");
  fake.fail("startAttempt", trouble("provider_error", "The provider refuses the request."));
  await press(user, "Connect");
  await screen.findByText(/refuses the request/);
  fake.fail("startAttempt", null);
  await press(user, "Connect");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("startAttempt").at(-1)).toEqual(["own", null, { acr_values: "mfa" }]);
});

test("a connection is reconnected with options from its menu", async () => {
  const user = await start("custom");
  await choose(user, "Reconnect with options…");
  await screen.findByRole("heading", { name: "Reconnect Harbour identity to Another provider" });
  await press(user, "Sign-in options");
  await user.selectOptions(field("prompt"), "consent");
  await press(user, "Connect");
  await waitFor(() => expect(fake.called("startAttempt")).toEqual([["own", "c1", { prompt: "consent" }]]));
});

test("a provider that takes the account alone is asked for that alone", async () => {
  const user = await start("grovestreams-app");
  await press(user, "Other ways to sign in");
  await press(user, "Sign-in options");
  expect(field("login_hint")).toBeVisible();
  expect(field("prompt")).toBeNull();
});

test("a provider without these parameters has no such options", async () => {
  const user = await start("app");
  await row(user, "Acme Sites");
  await screen.findByRole("button", { name: "Connect" });
  expect(screen.queryByRole("button", { name: "Sign-in options" })).toBeNull();
});
