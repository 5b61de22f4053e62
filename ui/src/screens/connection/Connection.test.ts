import { expect, test } from "vitest";
import { within } from "@testing-library/svelte";
import type { Details } from "../../host";
import { details, trouble, unavailable } from "../../fake/data";
import { router } from "../../state/router.svelte";
import { choose, fake, press, row, screen, start, waitFor, appStore } from "../../test/start";

function add(one: Details) {
  fake.data.connections.unshift(one.summary);
  fake.data.details[one.summary.id] = one;
}

test("granted, missing and unrequested scopes are distinguished", async () => {
  const user = await start("some");
  await row(user, "Acme staging");
  const scopes = await screen.findByTestId("scopes");
  await waitFor(() => expect(scopes).toHaveTextContent("Write posts"));
  expect(
    within(scopes)
      .getAllByRole("listitem")
      .map((item) =>
        [...item.children]
          .map((part) => part.textContent)
          .join(" ")
          .trim(),
      ),
  ).toEqual([
    "Read posts cms:post:read granted",
    "Write posts cms:post:write not granted",
    "Read categories cms:category:read granted, not requested",
  ]);
});

test("a running refresh cannot be started twice", async () => {
  const user = await start("some");
  fake.wait("refresh", 500);
  const button = await screen.findByRole("button", { name: "Refresh now" });
  await user.click(button);
  expect(button).toBeDisabled();
  expect(button).toHaveAccessibleName("Refreshing…");
  await user.click(button);
  await waitFor(() => expect(button).toBeEnabled());
  expect(fake.called("refresh")).toHaveLength(1);
});

test("the error of a refresh and the next step are shown", async () => {
  const user = await start("some", () => fake.fail("refresh", unavailable));
  await press(user, "Refresh now");
  expect(await screen.findByRole("alert")).toHaveTextContent("Grigora answered 503.");
});

test("projects show their cached names without a request", async () => {
  await start("some", () => (fake.data.wasRead = true));
  const where = (await screen.findByRole("heading", { name: "Projects" })).closest("section") as HTMLElement;
  await waitFor(() => expect(where).toHaveTextContent("Acme Journal"));
  expect(within(where).queryByRole("button", { name: "Load names" })).toBeNull();
  expect(fake.called("projects")).toEqual([]);
});

test("the same error is shown once", async () => {
  const user = await start("some", () => {
    fake.fail("refresh", unavailable);
    fake.fail("projects", unavailable);
    fake.data.activity.unshift({
      at: new Date().toISOString(),
      kind: "renewal_failed",
      text: `${unavailable.message} Next attempt at 10:00:02.`,
      times: 1,
      last_at: null,
      connection_id: "c1",
      app_id: null,
      exchange_id: null,
    });
  });
  await press(user, "Load names");
  await user.click((await screen.findAllByRole("button", { name: "Refresh now" }))[0] as Element);
  await waitFor(() => expect(fake.called("refresh")).toHaveLength(1));
  await waitFor(() => expect(document.querySelector("main")?.textContent?.split(unavailable.message)).toHaveLength(2));
  // Retrying is still possible.
  expect(screen.getByRole("button", { name: "Load names" })).toBeEnabled();
});

test("a reconnect is shown on its row, also if no browser opened", async () => {
  const user = await start("troubled", () => fake.fail("openBrowser", unavailable));
  await row(user, "Acme production");
  await press(user, "Reconnect");
  const rows = () =>
    [...document.querySelectorAll(".side .link")]
      .map((one) => [...one.querySelectorAll(".name, .hidden")].map((part) => part.textContent).join(" "))
      .filter((text) => /Acme (production|Sites)/.test(text));
  await waitFor(() => expect(rows()).toEqual(["Acme production Browser didn’t open"]));
  await waitFor(() => expect(document.querySelector("main")).toHaveTextContent("not sent"));
  fake.fail("openBrowser", null);
  await press(user, "Try again");
  await waitFor(() => expect(rows()).toEqual(["Acme production Waiting, in the browser"]));
  await waitFor(() => expect(document.querySelector("main")).toHaveTextContent(/sent \d/));
});

test("a connection that needs a reconnect says so and reconnects under its name", async () => {
  const user = await start("troubled");
  await row(user, "Acme production");
  expect(await screen.findByRole("alert")).toHaveTextContent("Grigora");
  await press(user, "Reconnect");
  await screen.findByRole("heading", { name: "Reconnect Acme production to Grigora" });
  expect(fake.called("startAttempt")).toEqual([["acme-sites", "c1"]]);
});

test("a valid token can be copied even if a reconnect is needed", async () => {
  const user = await start("some", () => add(details("c9", "Acme paused", "reconnect_needed", 48 * 60_000)));
  await row(user, "Acme paused");
  await screen.findByText(/Access token valid for 4[78] minutes/);
  await screen.findByRole("button", { name: "Copy token" });
  expect(screen.queryByRole("button", { name: "Refresh now" })).toBeNull();
});

test("a failed refresh says what still works, why it failed, and counts down to the next attempt", async () => {
  const user = await start("some", () => {
    const one = details("c9", "Acme paused", "retrying", 48 * 60_000 + 5000, {
      trouble: unavailable,
      failed_refreshes: { count: 3, last_at: new Date().toISOString(), cause: "HTTP 503" },
    });
    add({ ...one, summary: { ...one.summary, retry_at: new Date(Date.now() + 4800).toISOString() } });
  });
  await row(user, "Acme paused");
  const sentence = () => document.querySelector(".sentence");
  await waitFor(() =>
    expect(sentence()).toHaveTextContent(
      /^Retrying. Access token valid for 48 minutes. Refresh failed \(HTTP 503\), retrying in [1-5] s.$/,
    ),
  );
  await screen.findByText(/^3 attempts failed, last at .*; next at /);
  await screen.findByRole("button", { name: "Copy token" });
  const shown = sentence()?.textContent;
  await waitFor(() => expect(sentence()?.textContent).not.toBe(shown));
  expect(document.querySelector(".side .link[aria-current]")).toHaveTextContent(/Retrying/);
});

test.each([
  ["edit_app", "invalid_input", "Edit app", { page: "change" }],
  ["open_settings", "provider_unavailable", "Open Settings", { page: "settings", group: "network" }],
  [undefined, "browser_failed", "Open Settings", { page: "settings", group: "sign_in" }],
] as const)("the next step %s of %s is a button", async (next_step, code, label, route) => {
  const met = { ...trouble(code, "It failed."), ...(next_step && { next_step }) };
  const user = await start("some", () => add(details("c9", "Acme paused", "retrying", 60_000, { trouble: met })));
  await row(user, "Acme paused");
  await press(user, label);
  expect(router.route).toMatchObject(route);
});

test("changes by another process leave the rows that did not change alone", async () => {
  // No minute ends meanwhile.
  const end = new Date(Date.now() + 43.5 * 60_000).toISOString();
  await start("some", () => fake.data.connections.forEach((one) => (one.expires_at &&= end)));
  const rows = () => [...document.querySelectorAll(".fleet .link")];
  const before = rows();
  const changes: MutationRecord[] = [];
  const observer = new MutationObserver((some) => changes.push(...some));
  observer.observe(document.querySelector(".fleet") as Element, {
    childList: true,
    subtree: true,
    characterData: true,
  });
  fake.data.connections = fake.data.connections.map((one) =>
    one.id === "c2" ? { ...one, state: "retrying", retry_at: null } : { ...one },
  );
  fake.tell({ kind: "elsewhere" });
  await waitFor(() => expect(rows()[1]).toHaveTextContent("Retrying"));
  observer.disconnect();
  expect(rows()).toEqual(before);
  const touched = new Set(
    changes.map(({ target }) => (target.parentElement ?? (target as Element)).closest("[data-row]")),
  );
  expect([...touched].map((one) => one?.getAttribute("data-row"))).toEqual(["c2"]);
});

test("a refused client leads to editing the app", async () => {
  const refused = trouble("invalid_client", "Grigora does not accept the client ID or the client secret.");
  const user = await start("some", () =>
    add(details("c9", "Acme paused", "reconnect_needed", -1000, { trouble: refused })),
  );
  await row(user, "Acme paused");
  await screen.findByRole("button", { name: "Refresh now" });
  await press(user, "Edit app");
  await screen.findByRole("heading", { name: /Acme Sites/ });
});

test("a connection can have its own browser", async () => {
  const user = await start("some");
  await user.click(await screen.findByText("default"));
  const field = screen.getByRole("textbox", { name: "Command" });
  await user.type(field, "firefox 'work{Enter}");
  await waitFor(() => expect(field).toHaveAccessibleDescription(/A quote is left open/));
  await user.clear(field);
  await user.type(field, "firefox -P work");
  await press(user, "Save");
  expect(await screen.findByText("firefox -P work")).toBeVisible();
  expect(screen.getByText("Saved")).toBeVisible();
  expect(appStore.details.get("c1")?.browser).toBe("firefox -P work");
  fake.data.agrees = false;
  await user.type(field, "er{Enter}");
  expect(await screen.findByText("Not changed")).toBeVisible();
  expect(appStore.details.get("c1")?.browser).toBe("firefox -P work");
  expect(screen.queryByRole("alert")).toBeNull();
});

test("disconnecting needs confirmation, and says what remains", async () => {
  const user = await start("some");
  await choose(user, "Disconnect…");
  const dialog = await screen.findByRole("alertdialog");
  expect(dialog).toHaveTextContent("Access stays valid at Grigora");
  expect(dialog).toHaveTextContent("https://build.grigora.co");
  expect(fake.called("disconnect")).toHaveLength(0);
  expect(within(dialog).getByRole("button", { name: "Disconnect" })).toHaveClass("destructive");
  await user.click(within(dialog).getByRole("button", { name: "Disconnect" }));
  await waitFor(() => expect(appStore.connections.find((one) => one.id === "c1")?.state).toBe("disconnected"));
  await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
  await choose(user, "Remove");
  await press(user, "Remove now");
  await waitFor(() => expect(appStore.allConnections.some((one) => one.id === "c1")).toBe(false));
  // The app that it belonged to, not the first one in the list.
  await screen.findByRole("heading", { name: "Acme Sites", level: 1 });
});

test("copying the token does not return it to the window", async () => {
  const user = await start("some");
  await press(user, "Copy token");
  expect((await screen.findAllByText("Copied. The clipboard is cleared in 45 seconds.")).length).toBeGreaterThan(0);
  expect(fake.called("copyToken")).toEqual([["c1"]]);
});

test("the tabs are one tab stop, with arrow keys", async () => {
  const user = await start("some");
  const view = (name: string) => screen.getByRole("tab", { name });
  await user.click(view("Overview"));
  await user.keyboard("{ArrowRight}");
  expect(view("Token")).toHaveFocus();
  expect(view("Token")).toHaveAttribute("aria-selected", "true");
  expect(await screen.findByRole("tabpanel", { name: "Token" })).toHaveAttribute(
    "id",
    view("Token").getAttribute("aria-controls"),
  );
  await user.keyboard("{End}{ArrowRight}");
  expect(view("Overview")).toHaveFocus();
  await user.keyboard("{ArrowLeft}");
  await screen.findByRole("tabpanel", { name: "Activity" });
  await user.keyboard("{Tab}");
  expect(screen.getByRole("tabpanel", { name: "Activity" })).toHaveFocus();
});

test("the sidebar is navigated with arrow keys, and focused with Ctrl F", async () => {
  const user = await start("some");
  await user.keyboard("{Control>}f{/Control}");
  const box = screen.getByRole("textbox", { name: "Filter connections" });
  expect(box).toHaveFocus();
  await user.keyboard("{ArrowDown}{ArrowDown}");
  expect(document.activeElement).toHaveTextContent("Acme staging");
  await user.keyboard("{Enter}");
  await screen.findByRole("heading", { name: "Acme staging", level: 1 });
  await user.type(box, "bakery");
  expect(document.querySelectorAll(".side .link")).toHaveLength(1);
});

test("of ten thousand connections only visible ones are rendered, and all are reachable", async () => {
  const user = await start("thousands");
  expect(document.querySelectorAll(".side .link").length).toBeLessThan(60);
  (document.querySelector(".side .link") as HTMLElement).focus();
  await user.keyboard("{End}");
  await waitFor(() => expect(document.activeElement).toHaveTextContent("Acme Shop"));
  await user.keyboard("{ArrowUp}");
  expect(document.activeElement).toHaveTextContent("Client site 10000");
  expect(document.activeElement?.parentElement).toHaveAttribute("aria-setsize", "10001");
  await user.type(screen.getByRole("textbox", { name: "Filter connections" }), "site 04242");
  await waitFor(() => expect(document.querySelectorAll(".side .link")).toHaveLength(1));
  await user.keyboard("{Enter}");
  await screen.findByRole("heading", { name: "Client site 04242", level: 1 });
});

test("a refused callback is shown above the page until dismissed", async () => {
  const user = await start("some");
  fake.tell({
    kind: "callback_refused",
    value: { code: "callback_unknown", message: "It belongs to no sign-in.", meaning: null, hint: null, field: null },
  });
  expect(await screen.findByRole("alert")).toHaveTextContent("It belongs to no sign-in.");
  await press(user, "Dismiss");
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("a locked vault is shown and can be retried", async () => {
  const user = await start("vault");
  fake.data.vault = null;
  await press(user, "Try again");
  await waitFor(() => expect(screen.queryByText(/keyring does not open/)).toBeNull());
});

test("a failed start shows its error and can be retried", async () => {
  const user = await start("unwritable");
  await screen.findByRole("heading", { name: "Can’t open Grapnel’s data" });
  fake.use("some");
  await press(user, "Try again");
  await screen.findByRole("heading", { name: "Acme production" });
});

test("a token's claims are shown with formatted times", async () => {
  const user = await start("grindery");
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  const claims = await screen.findByTestId("access-claims");
  expect(claims).toHaveTextContent("urn:grindery:orchestrator");
  expect(claims.querySelectorAll("time")).toHaveLength(2);
  expect(claims.querySelector("time")).toHaveAttribute("title");
  expect(screen.queryByRole("heading", { name: "Projects" })).toBeNull();
});

test("a connection without account says why", async () => {
  await start("custom");
  expect(await screen.findByText("Userinfo: it answered 403 (insufficient_scope).")).toBeInTheDocument();
});

test("a token without expiry or refresh token is explained", async () => {
  await start("thegrid");
  await waitFor(() =>
    expect(document.querySelector(".sentence")).toHaveTextContent(
      "No expiry given. Valid until the provider rejects it; then reconnect.",
    ),
  );
  expect(screen.getByRole("img", { name: /no expiry given/ })).toHaveTextContent("valid until the provider rejects it");
  expect(screen.queryByRole("button", { name: "Refresh now" })).toBeNull();
  expect(screen.getByTestId("scopes")).toHaveTextContent(/balance.*not granted/);
});

test("scopes that the response does not mention are distinguished", async () => {
  const user = await start("custom");
  const scopes = await screen.findByTestId("scopes");
  expect(scopes).toHaveTextContent(/openid.*requested, not confirmed/);
  await user.click(screen.getByRole("tab", { name: "Token" }));
  expect(await screen.findByText("verified")).toBeInTheDocument();
});

test("revocation is requested if the provider supports it", async () => {
  const user = await start("custom");
  await choose(user, "Disconnect…");
  const dialog = await screen.findByRole("alertdialog");
  expect(dialog).toHaveTextContent("Revokes access at Another provider");
  await user.click(within(dialog).getByRole("button", { name: "Disconnect" }));
  await screen.findByText("Access revoked at Another provider.");
});

test("an app page shows redirect method, scopes and changed values", async () => {
  const user = await start("custom");
  await choose(user, "Go to app");
  await screen.findByRole("heading", { name: "Harbour", level: 1 });
  const page = document.querySelector("main") as HTMLElement;
  expect(page).toHaveTextContent("Redirect method Loopback (127.0.0.1)");
  expect(page).toHaveTextContent("Scopes openid profile");
  expect(page).toHaveTextContent("Token URL https://id.harbour.example/token");
  fake.data.apps = fake.data.apps.map((one) => ({
    ...one,
    overrides: { ...one.overrides, require_state: "true", client_auth: "basic" },
  }));
  fake.tell({ kind: "apps" });
  await waitFor(() => expect(page).toHaveTextContent("Require state yes"));
  expect(page).toHaveTextContent("client_secret_basic");
});

test("a provider that announces a page to sign out has it in the menu", async () => {
  const user = await start("custom");
  await row(user, "Harbour identity");
  const name = appStore.connections[0]?.provider_name;
  await choose(user, `Sign out at ${name}`);
  expect(fake.called("signOut")).toEqual([["c1"]]);
  await screen.findByText(`Sign out of ${name} on the page in the browser.`);
  fake.fail("signOut", trouble("browser_failed", "No browser could be opened."));
  await choose(user, `Sign out at ${name}`);
  await screen.findByText("No browser could be opened.");
});

test("without such a page there is none in the menu", async () => {
  const user = await start("some");
  await row(user, "Acme staging");
  await press(user, "More actions");
  expect(screen.queryByRole("menuitem", { name: /Sign out/ })).toBeNull();
});

test("a token proves a scope, and a disconnected connection has none", async () => {
  await start("some");
  const c1 = fake.data.details["c1"];
  if (!c1) throw new Error("no such connection");
  c1.scopes = { requested: ["openid", "a", "b"], granted: ["a"], missing: ["b"], proven: ["openid"] };
  fake.tell({ kind: "connection", value: "c1" });
  const list = () => screen.getByTestId("scopes");
  await waitFor(() => expect(list()).toHaveTextContent("granted: an ID token was issued"));
  c1.summary.state = "disconnected";
  c1.tokens = null;
  fake.tell({ kind: "connection", value: "c1" });
  await waitFor(() => expect(list()).not.toHaveTextContent("ID token"));
  expect(list()).toHaveTextContent("granted before");
  expect(within(list()).getByText("not granted")).not.toHaveClass("hidden");
  expect(list().querySelector(".is-active")).toBeNull();
});
