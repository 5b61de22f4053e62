// What a newcomer needs next, in front of the fake host: leaving a form, correcting the field that an error names,
// endpoints by hand, names and scopes that are filled in.
import { within } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { trouble } from "../fake/data";
import { router } from "../state/router.svelte";
import { zoom } from "../state/zoom.svelte";
import { appStore, fake, press, row, screen, start, step, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const current = () => screen.getByRole("navigation", { name: "Steps" }).querySelector("[aria-current]")?.textContent;

async function custom(issuer: string) {
  const user = await start("some");
  await press(user, "Add app");
  await user.click(await screen.findByRole("radio", { name: "Another provider" }));
  await user.type(field("issuer"), issuer);
  return user;
}

test("Escape and Cancel lead back to where the person was; Escape asks if something was entered", async () => {
  const user = await start("some");
  await press(user, "Activity");
  await press(user, "Add app");
  await screen.findByRole("heading", { name: "Add app", level: 1 });
  await user.keyboard("{Escape}");
  expect(router.route.page).toBe("activity");
  await press(user, "Add app");
  await step(user, "Credentials");
  await user.type(field("name"), "Acme");
  await user.keyboard("{Escape}");
  const asked = await screen.findByRole("alertdialog", { name: "Leave this form" });
  expect(router.route.page).toBe("add");
  await user.click(within(asked).getByRole("button", { name: "Leave" }));
  await waitFor(() => expect(router.route.page).toBe("activity"));
  await press(user, "Add app");
  await press(user, "Cancel");
  expect(router.route.page).toBe("activity");
});

test("after a refused client, the form to edit it opens at the client secret", async () => {
  const user = await start("failed");
  await row(user, "Acme Sites");
  await press(user, "Edit app");
  await screen.findByRole("heading", { level: 1, name: /^Edit/ });
  await waitFor(() => expect(field("client_secret")).toHaveFocus());
  expect(fake.called("proposeRedirect")).toEqual([["acme-sites"]]);
  // A repaired app has no failed sign-in any more.
  await user.type(field("client_secret"), "right");
  await press(user, "Save changes");
  await waitFor(() => expect(router.route.page).toBe("app"));
  expect(appStore.attempts).toEqual([]);
});

test("an error that names the scopes leads to them, and says that the provider answered with an error", async () => {
  const user = await start("denied", () => {
    const error = trouble("provider_error", "Grigora refused the scopes that the app asks for (invalid_scope).");
    const [before] = fake.data.attempts;
    if (!before) throw new Error("no attempt");
    const exchange = before.exchange.map((message) =>
      message.method === ""
        ? { ...message, parameters: [{ name: "error", value: "invalid_scope", hidden: false }] }
        : message,
    );
    const failed = { ...error, field: "scopes", next_step: "edit_app" as const };
    fake.data.attempts = [{ ...before, phase: "failed", exchange, error: failed }];
  });
  await row(user, "Acme Sites");
  await screen.findByRole("heading", { name: "The provider answered with an error" });
  expect(screen.queryByText("Authorization code received")).toBeNull();
  const log = screen.getByRole("complementary", { name: "Request log" });
  expect(within(log).getByRole("heading", { name: /Token request/ })).toHaveTextContent(/not sent$/);
  await press(user, "Edit app");
  expect(router.route).toEqual({ page: "change", app: "acme-sites", field: "scopes" });
});

test("without metadata the endpoints can be entered by hand, and Next says which are missing", async () => {
  const user = await custom("http://id.harbour.example");
  await press(user, "Next");
  await waitFor(() => expect(field("issuer")).toHaveAccessibleDescription(/not an https address/));
  expect(current()).toContain("Provider");
  expect(field("token_url")).toHaveAccessibleDescription(/^This field is required/);
  await press(user, "Enter the endpoints");
  expect(field("authorize_url")).toHaveFocus();
  expect(field("authorize_url")).toBeVisible();
});

test("an issuer without a scheme is completed; OpenID is asked for, and the app is called after its host", async () => {
  const user = await custom("id.harbour.example");
  await press(user, "Next");
  await waitFor(() => expect(current()).toContain("Register"));
  expect(field("issuer")).toHaveValue("https://id.harbour.example");
  expect(field("scopes")).toHaveValue("openid");
  await step(user, "Credentials");
  await user.type(field("client_id"), "own");
  expect(field("name")).toHaveAttribute("placeholder", "id.harbour.example");
  await user.click(screen.getAllByRole("button", { name: "Add app" }).at(-1) as Element);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(fake.called("addApp").at(-1)?.[0]).toMatchObject({ name: "id.harbour.example", scopes: ["openid"] });
  // The main action has the focus, so that Enter starts it.
  await waitFor(() => expect(screen.getByRole("button", { name: "Connect" })).toHaveFocus());
  await press(user, "Add app");
  await user.click(await screen.findByRole("radio", { name: "Another provider" }));
  await user.type(field("issuer"), "id.harbour.example");
  await press(user, "Next");
  await waitFor(() => expect(field("name")).toHaveAttribute("placeholder", "id.harbour.example 2"));
});

test("the scopes that an issuer announces are offered for an existing app", async () => {
  const user = await start("custom", () => {
    for (const one of fake.data.apps) one.overrides["issuer"] = "https://id.harbour.example";
  });
  const [app] = appStore.apps.filter(({ provider }) => provider === "custom");
  if (!app) throw new Error("no custom app");
  router.go({ page: "change", app: app.id, field: "scopes" });
  await waitFor(() => expect(field("scopes")).toHaveFocus());
  await press(user, "Show the issuer’s scopes");
  expect(await screen.findByRole("checkbox", { name: "openid" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Show the issuer’s scopes" })).toBeNull();
});

test("where clients can be registered, the step to register offers that first", async () => {
  const user = await custom("https://tools.example/mcp");
  await press(user, "Next");
  await waitFor(() => expect(current()).toContain("Register"));
  const offer = await screen.findByRole("checkbox", { name: /^Register this app at the provider/ });
  expect(offer).toBeChecked();
  expect(screen.getByText(/^Acme tools lets programs register themselves/)).toBeVisible();
});

test("the sandbox has an issuer of OpenID Connect, too", async () => {
  const user = await start("empty");
  await press(user, "Try the sandbox");
  await user.click(await screen.findByRole("radio", { name: "Another provider" }));
  expect(field("issuer")).toHaveValue("http://127.0.0.1:4459");
  expect([field("name").value, field("scopes").value]).toEqual(["OpenID Connect sandbox", "openid profile"]);
});

test("text is at most twice as large, since the list and the page do not fit beside each other beyond that", () => {
  zoom.set(200);
  expect(zoom.larger).toBeUndefined();
  zoom.set(100);
});

test("a finished refresh is said, and commands are offered only where the API is known", async () => {
  const user = await start("some");
  await row(user, "Acme production");
  await press(user, "Refresh now");
  expect(await screen.findByText("Refreshed.")).toBeVisible();
  await user.click(screen.getByRole("tab", { name: "Token" }));
  expect(await screen.findByText(/^grapnel api /)).toBeVisible();
  const of = appStore.connections[0]?.app_id;
  for (const one of fake.data.apps) if (one.id === of) one.overrides["api_base"] = "";
  appStore.allApps = appStore.allApps.map((one) => ({ ...one, overrides: { ...one.overrides, api_base: "" } }));
  await waitFor(() => expect(screen.queryByText(/^grapnel api /)).toBeNull());
  expect(screen.getByText(/^grapnel token /)).toBeVisible();
});

test("the list of shortcuts begins at its top", async () => {
  const user = await start("some");
  await user.keyboard("?");
  const list = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
  // The dialog scrolls to what has the focus when it opens.
  expect(within(list).getByRole("heading", { name: "Keyboard shortcuts" }).autofocus).toBe(true);
  expect(within(list).getByRole("button", { name: "Close" }).autofocus).toBeFalsy();
});
