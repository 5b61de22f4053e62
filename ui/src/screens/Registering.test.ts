// Registering a client from the window, and from the URL of a protected API.

import type { UserEvent } from "@testing-library/user-event";
import { expect, test } from "vitest";
import { trouble } from "../fake/data";
import { fake, press, row, screen, start, waitFor } from "../test/start";
import { addApp, app, changeApp, common, registration, removal } from "../words";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;

const submit = async (user: UserEvent) => {
  const button = document.querySelector("form [type=submit]");
  if (button) await user.click(button);
};

/** The form of a new app whose resource was discovered, at the step of its credentials. */
async function discovered(url = "https://tools.example/mcp") {
  const user = await start("some");
  await user.click(screen.getByRole("button", { name: addApp.title }));
  await user.click(await screen.findByRole("radio", { name: /Another provider/ }));
  await user.type(field("issuer"), url);
  await user.click(screen.getByRole("button", { name: addApp.discover }));
  return user;
}

test("an MCP server's URL leads to its authorization server and a registered client", async () => {
  const user = await discovered();
  await screen.findByText(addApp.foundResource("https://tools.example/mcp", "Acme tools"));
  await user.click(screen.getByRole("button", { name: addApp.next }));
  expect(await screen.findByRole<HTMLInputElement>("checkbox", { name: addApp.register })).toBeChecked();
  await user.click(screen.getByRole("button", { name: addApp.next }));
  expect(field("client_id")).toBeNull();
  await user.type(field("initial_access_token"), "from-the-provider");
  await submit(user);
  await waitFor(() => expect(fake.called("registerApp")).toHaveLength(1));
  const [[request]] = fake.called("registerApp") as [[{ app: { overrides: object; scopes: string[] } }]];
  expect(request).toMatchObject({ auth_method: "none", initial_access_token: "from-the-provider" });
  expect(request.app.overrides).toMatchObject({
    resource: "https://tools.example/mcp",
    api_base: "https://tools.example/mcp",
  });
  expect(request.app.scopes).toEqual(["mcp:tools", "offline_access"]);
  expect(fake.called("addApp")).toHaveLength(0);
});

test("of several authorization servers another one can be chosen", async () => {
  const user = await discovered();
  await user.selectOptions(await screen.findByLabelText(addApp.server), "https://login.example");
  await waitFor(() =>
    expect(fake.called("discover").at(-1)).toEqual(["https://tools.example/mcp", "https://login.example"]),
  );
});

test("a refused registration keeps what was typed", async () => {
  const user = await discovered();
  await screen.findByText(addApp.foundResource("https://tools.example/mcp", "Acme tools"));
  await user.click(screen.getByRole("button", { name: addApp.next }));
  await user.click(screen.getByRole("button", { name: addApp.next }));
  await user.type(await waitFor(() => field("initial_access_token")), "wrong");
  fake.fail("registerApp", {
    code: "provider_error",
    message: "login.example refuses to register this client (status 401).",
    meaning: "The app was not added; nothing was stored.",
    hint: "The provider may require an initial access token.",
    field: null,
  });
  await submit(user);
  await screen.findByText(/refuses to register/);
  expect(field("initial_access_token")).toHaveValue("wrong");
});

/** The app of a scenario, as if Grapnel had registered it. */
function registerFirst() {
  const [first] = fake.data.apps;
  if (first)
    first.registration = {
      client_id: first.client_id,
      endpoint: "https://id.example/register",
      client_uri: "https://id.example/register/1",
      auth_method: "none",
      registered_at: "2026-03-02T09:00:00Z",
      secret_expires_at: null,
    };
}

test("a removed app's client is deleted at the provider if asked for", async () => {
  const user = await start("app", registerFirst);
  await row(user, "Acme Sites");
  await press(user, /^Remove/);
  await user.click(await screen.findByRole("checkbox", { name: removal.client }));
  await press(user, removal.now);
  await waitFor(() => expect(fake.called("removeApp")).toEqual([["acme-sites", true]]));
});

test("a change of the redirect URI is registered at the provider, too", async () => {
  const user = await start("app", registerFirst);
  await row(user, "Acme Sites");
  await press(user, app.change);
  await user.click(await screen.findByRole("radio", { name: /^Loopback/ }));
  expect(screen.getByRole("checkbox", { name: changeApp.updatesClient })).toBeChecked();
  await submit(user);
  await waitFor(() => expect(fake.called("updateRegistration")).toEqual([["acme-sites"]]));
});

test("a client that the provider deleted is registered anew", async () => {
  const user = await start("app", registerFirst);
  await row(user, "Acme Sites");
  await press(user, app.more);
  fake.fail("readRegistration", {
    ...trouble("invalid_client", "id.example does not know this client any more (status 401)."),
    next_step: "register_anew",
  });
  await user.click(await screen.findByRole("menuitem", { name: registration.read }));
  await press(user, registration.renewMenu);
  expect(await screen.findByRole("alertdialog")).toHaveTextContent("with a new client ID.");
  expect(fake.called("renewRegistration")).toEqual([]);
  await press(user, registration.renew);
  await waitFor(() => expect(fake.called("renewRegistration")).toEqual([["acme-sites", null]]));
  await screen.findByText(registration.renewed);
});

test("an initial access token is given at the new registration, and a refusal keeps it", async () => {
  const user = await start("app", registerFirst);
  await row(user, "Acme Sites");
  await press(user, app.more);
  await user.click(await screen.findByRole("menuitem", { name: registration.renewMenu }));
  await user.type(field("initial_access_token"), "from-the-provider");
  fake.fail("renewRegistration", trouble("provider_error", "id.example refuses to register this client (401)."));
  await press(user, registration.renew);
  await screen.findByText(/refuses to register/);
  fake.fail("renewRegistration", null);
  await press(user, registration.renew);
  await waitFor(() => expect(fake.called("renewRegistration").at(-1)).toEqual(["acme-sites", "from-the-provider"]));
  await waitFor(() => expect(field("initial_access_token")).toBeNull());
  await press(user, app.more);
  await user.click(await screen.findByRole("menuitem", { name: registration.renewMenu }));
  expect(field("initial_access_token")).toHaveValue("");
});

/** The same, with a client secret that expires after some days. */
const expiring = (days: number) => () => {
  registerFirst();
  const own = fake.data.apps[0]?.registration;
  const end = Date.now() + days * 86_400_000;
  if (own)
    Object.assign(own, {
      registered_at: new Date(end - 90 * 86_400_000).toISOString(),
      secret_expires_at: new Date(end).toISOString(),
    });
};

test("a client secret that expires soon has its next steps on the app's page", async () => {
  const user = await start("app", expiring(10));
  await row(user, "Acme Sites");
  await screen.findByText(/The client secret expires soon/);
  await press(user, registration.renewMenu);
  expect(await screen.findByRole("alertdialog")).toBeVisible();
  await press(user, common.cancel);
  // The provider's answer has no expiring secret.
  await press(user, registration.read);
  await waitFor(() => expect(fake.called("readRegistration")).toEqual([["acme-sites"]]));
  await waitFor(() => expect(screen.queryByText(/The client secret expires soon/)).toBeNull());
});

test("the app that a notification is about is shown", async () => {
  const user = await start("app", expiring(10));
  await press(user, common.settings);
  await screen.findByRole("heading", { name: common.settings, level: 1 });
  fake.appRequested.emit("acme-sites");
  await screen.findByText(/The client secret expires soon/);
});

test("a client secret that lasts for long is not marked", async () => {
  const user = await start("app", expiring(20));
  await row(user, "Acme Sites");
  await screen.findByText(registration.expires);
  expect(screen.queryByText(/The client secret expires soon/)).toBeNull();
});
