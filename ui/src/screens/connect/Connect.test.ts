import { expect, test } from "vitest";
import { attempt, trouble } from "../../fake/data";
import { deepLinkTest } from "../../state/deepLinkTest.svelte";
import { fake, press, row, screen, start, waitFor } from "../../test/start";

test.each([
  ["exchanging", "Exchange code for tokens"],
  ["identifying", "Fetch account and scopes"],
])("%s", async (phase, step) => {
  const user = await start(phase);
  await row(user, "Acme Sites");
  await waitFor(() => expect(document.querySelector("[aria-current=step]")).toHaveTextContent(step));
});

test.each([
  ["denied", "Access denied", "Access was denied at Grigora. Nothing changed, and no tokens were issued."],
  ["timed_out", "Timed out", "No response by"],
  ["failed", "Sign-in failed", "change the app here"],
])("%s can be tried again", async (phase, title, text) => {
  const user = await start(phase);
  await row(user, "Acme Sites");
  await screen.findByRole("heading", { name: title });
  expect(document.querySelector("[aria-current=step]")).toHaveTextContent(text);
  await press(user, "Try again");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("startAttempt")).toEqual([["acme-sites", null]]);
});

test("after a refused client the app is edited first, and the response is shown", async () => {
  const user = await start("failed");
  await row(user, "Acme Sites");
  await screen.findByRole("heading", { name: "Sign-in failed" });
  expect(await screen.findByText(/401, application\/json/)).toBeVisible();
  expect(screen.getByText(/error_description/)).toBeVisible();
  expect(screen.getByRole("button", { name: "Edit app" })).toHaveClass("primary");
  expect(screen.getByRole("button", { name: "Try again" })).not.toHaveClass("primary");
});

test("what leads on comes before Cancel in the tab order", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  const cancel = await screen.findByRole("button", { name: "Cancel" });
  const leadsOn = screen.getByRole("button", { name: "Copy link" });
  expect(leadsOn.compareDocumentPosition(cancel)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
});

test("a cancelled sign-in", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  await press(user, "Cancel");
  await screen.findByRole("heading", { name: "Cancelled" });
  await press(user, "Close");
  await screen.findByRole("button", { name: "Connect another account" });
});

test("if no browser opened, it can be retried, and the link copied", async () => {
  const user = await start("browser");
  await row(user, "Acme Shop");
  await press(user, "Connect");
  await screen.findByText("The sign-in page didn’t open");
  await press(user, "Copy link");
  await press(user, "Open Settings");
  await screen.findByRole("heading", { name: "Settings", level: 1 });
  await user.keyboard("{Alt>}{ArrowLeft}{/Alt}");
  fake.fail("openBrowser", null);
  await press(user, "Try again");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("copyLink")).toHaveLength(1);
});

test("the sign-in page can be opened in another browser", async () => {
  const user = await start("browser");
  await row(user, "Acme Shop");
  await press(user, "Connect");
  await screen.findByText("The sign-in page didn’t open");
  fake.fail("openBrowser", null);
  for (const command of ["chromium", "firefox -P work"]) {
    await user.click(screen.getByText("Open in another browser"));
    await user.type(screen.getByRole("textbox", { name: "Command" }), command);
    await press(user, "Open there");
    await screen.findByText("Waiting for you in the browser");
  }
  expect(fake.called("openBrowser").map(([, chosen]) => chosen)).toEqual([null, "chromium", "firefox -P work"]);
});

test("a declined browser command opens nothing and changes nothing", async () => {
  const user = await start("browser", () => (fake.data.agrees = false));
  await row(user, "Acme Shop");
  await press(user, "Connect");
  await screen.findByText("The sign-in page didn’t open");
  fake.fail("openBrowser", null);
  await user.click(screen.getByText("Open in another browser"));
  await user.type(screen.getByRole("textbox", { name: "Command" }), "chromium");
  await press(user, "Open there");
  expect(await screen.findByText("Not opened")).toBeVisible();
  expect(screen.getByText("The sign-in page didn’t open")).toBeVisible();
  expect(screen.getByRole("textbox", { name: "Command" })).toHaveValue("chromium");
});

test("once connected, the window goes to the connection and confirms it until the person leaves", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  fake.tell({ kind: "attempt", value: attempt("done") });
  await waitFor(() => screen.getByRole("heading", { name: "Acme production", level: 1 }));
  const said = await screen.findByText("Connected as Amélie Renard, amelie@acme.example.");
  expect(said.closest("[role=status]")).not.toBeNull();
  expect(document.querySelector(".life .tick")).not.toBeNull();
  await user.click(screen.getByRole("tab", { name: "Token" }));
  await user.click(screen.getByRole("tab", { name: "Overview" }));
  await screen.findByRole("heading", { name: "Scopes" });
  expect(screen.queryByText(/^Connected as/)).toBeNull();
  expect(document.querySelector(".life .tick")).toBeNull();
});

test("secrets are described, not shown", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  const inside = await screen.findByRole("complementary", { name: "Request log" });
  expect(inside).toHaveTextContent("client_secret in the vault");
  expect(inside).toHaveTextContent("state 43 characters");
});

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const step = () => document.querySelector("[aria-current=step]");

test("with a loopback redirect URI the steps say so", async () => {
  const user = await start("loopback-waiting");
  await row(user, "Harbour");
  await screen.findByText("Waiting for you in the browser");
  expect(step()).toHaveTextContent("The browser is redirected to 127.0.0.1");
  await user.click(screen.getByText("Paste the URL instead"));
  await user.type(field("pasted"), "https://harbour.example/?code=1&state=2");
  await press(user, "Use this URL");
  await waitFor(() => expect(step()).toHaveTextContent("Exchange code for tokens"));
});

test("a URL is pasted, and its errors are shown beside it", async () => {
  const user = await start("paste-waiting");
  await row(user, "Harbour");
  await user.type(await screen.findByRole("textbox", { name: "Redirect URL" }), "nonsense");
  await press(user, "Use this URL");
  await waitFor(() => expect(field("pasted")).toHaveAccessibleDescription(/That is not an address. Copy all of/));
  expect(field("pasted")).toHaveFocus();
  expect(field("pasted")).toHaveValue("nonsense");
  await user.clear(field("pasted"));
  await user.type(field("pasted"), " https://harbour.example/callback?code=1&state=2 ");
  await press(user, "Use this URL");
  await waitFor(() => expect(step()).toHaveTextContent("Exchange code for tokens"));
  expect(fake.called("pasteCallback").at(-1)).toEqual(["attempt-1", "https://harbour.example/callback?code=1&state=2"]);
});

test("a provider that does not report a cancel says so", async () => {
  const user = await start("grindery-waiting");
  await row(user, "Harbour");
  await screen.findByText("Waiting for you in the browser");
  expect(step()).toHaveTextContent("cancel here too");
});

test("a port in use has a hint and can be retried", async () => {
  const user = await start("port-taken");
  await press(user, "Connect");
  expect(await screen.findByRole("alert")).toHaveTextContent(/Port 8311.*Nothing was sent.*another port/);
  fake.fail("startAttempt", null);
  await press(user, "Try again");
  await screen.findByText("Waiting for you in the browser");
});

test("email and password are used once, and only if the provider supports it", async () => {
  const user = await start("grovestreams-app");
  await press(user, "Other ways to sign in");
  await press(user, "Sign in with email and password instead");
  expect(step()).toHaveTextContent("once and stores neither");
  expect(field("email")).toHaveValue("ines@harbour.example");
  expect(screen.getByText(/sends your email and password to grovestreams\.com once/)).toBeInTheDocument();
  expect(field("password")).toHaveAttribute("type", "password");
  await user.type(field("password"), "abc");
  await press(user, "Sign in");
  expect(await screen.findByRole("alert")).toHaveTextContent("does not accept the email address or the password");
  expect(field("password")).toHaveValue("");
  expect(field("password")).toHaveFocus();
  await user.type(field("password"), "not-a-real-one");
  await press(user, "Sign in");
  await screen.findByText("Fetch account and scopes");
  await waitFor(() => expect(field("password")).toBeNull());
  // No browser is mentioned, since none was used.
  expect(screen.getByText("Email and password sent")).toBeInTheDocument();
  expect(screen.queryByText("Authorization code received")).toBeNull();
  expect(await screen.findByRole("complementary", { name: "Request log" })).toHaveTextContent(
    "password used once and never kept",
  );
  expect(fake.called("signInWithPassword").at(-1)).toEqual(["own", null, "ines@harbour.example", 14]);
  expect(document.body.innerHTML).not.toContain("not-a-real-one");
});

test("no other provider is asked for a password", async () => {
  const user = await start("port-taken");
  expect(screen.queryByRole("button", { name: "Other ways to sign in" })).toBeNull();
  await press(user, "Connect");
  expect(screen.queryByText(/email and password/)).toBeNull();
});

const lost = trouble(
  "browser_failed",
  "Deep links to Grapnel are opened by “other.desktop”.",
  "Nothing was sent to the provider.",
  "Have the answer come to a port.",
);

test("the deep link is tested once, before the first sign-in that needs it", async () => {
  const user = await start("app");
  await row(user, "Acme Sites");
  await press(user, "Connect");
  await screen.findByText("Waiting for you in the browser");
  expect(screen.getByText("Deep links open Grapnel")).toBeInTheDocument();
  await press(user, "Cancel");
  await press(user, "Try again");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("testDeepLink")).toHaveLength(1);
});

test("a deep link that opens another program is reported before anything is sent", async () => {
  const user = await start("app", () => fake.fail("testDeepLink", lost));
  await row(user, "Acme Sites");
  await press(user, "Connect");
  expect(await screen.findByRole("alert")).toHaveTextContent("other.desktop");
  expect(step()).toHaveTextContent("Deep links don’t open Grapnel");
  await press(user, "Try again");
  await waitFor(() => expect(fake.called("testDeepLink")).toHaveLength(2));
  expect(fake.called("startAttempt")).toHaveLength(0);
  await press(user, "Continue anyway");
  await screen.findByText("Waiting for you in the browser");
});

test("a failing deep link can be replaced by loopback", async () => {
  const user = await start("app", () => fake.fail("testDeepLink", lost));
  await row(user, "Acme Sites");
  await press(user, "Connect");
  await press(user, "Use loopback (127.0.0.1)");
  await screen.findByText(/register this one before you continue/);
  expect(fake.called("changeApp")[0]?.[1]).toMatchObject({ redirect: "loopback", client_secret: null });
  await press(user, "Connect");
  await screen.findByText("Waiting for you in the browser");
});

test("leaving during the deep link test opens no browser", async () => {
  let release = () => {};
  const user = await start("app", () => (release = fake.hold("testDeepLink")));
  await row(user, "Acme Sites");
  await press(user, "Connect");
  await screen.findByText("Testing the deep link");
  await press(user, "Cancel");
  release();
  await waitFor(() => expect(deepLinkTest.state).toBe("works"));
  expect(fake.called("startAttempt")).toHaveLength(0);
});

test("a sign-in that fails after the deep link test is reported on the current page", async () => {
  const user = await start("app", () => fake.fail("startAttempt", trouble("keyring_locked", "The keyring is locked.")));
  await row(user, "Acme Sites");
  await press(user, "Connect");
  expect(await screen.findByRole("alert")).toHaveTextContent("The keyring is locked.");
  expect(step()).toHaveTextContent("Open the sign-in page");
});

test("a loopback redirect URI needs no test", async () => {
  const user = await start("port-taken", () => fake.fail("startAttempt", null));
  await press(user, "Connect");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("testDeepLink")).toHaveLength(0);
});

test("after half a minute hints for the browser appear", async () => {
  const user = await start("waiting", () =>
    fake.data.attempts.forEach((one) => (one.started_at = new Date().toISOString())),
  );
  await row(user, "Acme Sites");
  await screen.findByText("Waiting for you in the browser");
  expect(step()).not.toHaveTextContent("No response yet");
  fake.tell({ kind: "attempt", value: attempt("waiting") });
  await waitFor(() => expect(step()).toHaveTextContent("No response yet"));
  expect(step()).toHaveTextContent(/reports an invalid client, compare this client ID.*acme-sites-7f3a/);
  expect(step()).toHaveTextContent(
    /reports an invalid redirect URI, register this one.*dev.grapnel.desktop:\/oauth\/callback/,
  );
  expect(step()).toHaveTextContent("paste it below");
});

test("a refused callback is shown while waiting and after the timeout", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  const refused = trouble("callback_invalid", "It names another issuer.", "It was not used.", "Start again.");
  fake.tell({ kind: "attempt", value: attempt("waiting", { refused }) });
  await waitFor(() => expect(step()).toHaveTextContent(/It names another issuer.*It was not used/));
  fake.tell({ kind: "attempt", value: attempt("timed_out", { refused }) });
  await screen.findByRole("heading", { name: "Timed out" });
  expect(step()).toHaveTextContent("It names another issuer.");
});

test("a provider without PKCE is reported before the sign-in", async () => {
  const user = await start("grovestreams-app");
  await press(user, "Other ways to sign in");
  expect(step()).toHaveTextContent("doesn’t support PKCE");
});

test("a port used by another sign-in is freed by cancelling that one", async () => {
  const taken = () =>
    fake.data.attempts.push(
      attempt("waiting", { id: "other", app_name: "Other app", redirect_uri: "http://127.0.0.1:8311/callback" }),
    );
  const user = await start("port-taken", taken);
  await press(user, "Connect");
  fake.fail("startAttempt", null);
  await press(user, "Cancel the sign-in for Other app and continue");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("cancelAttempt")).toEqual([["other"]]);
});

test.each([
  ["Replace Acme production’s account", () => fake.called("replaceAccount"), ["attempt-1"]],
  ["Keep both", () => fake.called("connection"), ["c2"]],
  ["Discard the new sign-in", () => fake.called("forget"), ["c2"]],
])("a sign-in as another account is asked about: %s", async (answer, called, given) => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  const other_account = {
    connection_id: "c1",
    connection: "Acme production",
    account: "Amélie Renard",
    signed_in: "Bo Lind",
    kept_as: "Acme production 2",
  };
  const done = attempt("done", { connection_id: "c2", other_account });
  fake.data.attempts = [done];
  fake.tell({ kind: "attempt", value: done });
  expect(await screen.findByRole("alert")).toHaveTextContent(
    "You signed in as Bo Lind, but “Acme production” belongs to Amélie Renard.",
  );
  await press(user, answer);
  await waitFor(() => expect(called()).toContainEqual(given));
  await waitFor(() => expect(screen.queryByText("Another account signed in")).toBeNull());
});

test("that the account is already connected is said once", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  const done = attempt("done", { connection_id: "c2", same_account: ["Acme production"] });
  fake.data.attempts = [done];
  fake.tell({ kind: "attempt", value: done });
  const notice = await screen.findByRole("alert", { name: "Same account" });
  expect(notice).toHaveTextContent("also connected as Acme production");
  expect(notice).not.toHaveTextContent("times");
});

test("a denial shows the provider's explanation", async () => {
  const user = await start("denied");
  const [denied] = fake.data.attempts;
  const error = trouble("access_denied", "Grigora denied access. It says: “Blocked by policy.”");
  const explained = { ...denied!, error };
  const [callback] = explained.exchange.filter(({ method }) => method === "");
  fake.tell({ kind: "attempt", value: explained });
  await row(user, "Acme Sites");
  await screen.findByRole("heading", { name: "Access denied" });
  expect(screen.queryByText(error.message)).toBeNull();
  callback!.parameters.push({ name: "error_description", value: "Blocked by policy.", hidden: false });
  fake.tell({ kind: "attempt", value: structuredClone(explained) });
  expect(await screen.findByText(error.message)).toBeVisible();
});
