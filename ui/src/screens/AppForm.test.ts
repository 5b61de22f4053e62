import { expect, test } from "vitest";
import { fake, press, row, screen, start, step, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const submit = (user: { click: (element: Element) => Promise<void> }) =>
  user.click(document.querySelector("form button[type=submit]") as Element);

const open = async (user: { click: (element: Element) => Promise<void> }) => {
  await user.click(screen.getByRole("button", { name: "Add app" }));
  await screen.findByRole("heading", { name: "Add app", level: 1 });
};

test("after an error the input stays, and its field has the focus", async () => {
  const user = await start("some");
  await open(user);
  await user.type(field("name"), "Acme blog");
  await user.type(field("client_secret"), "not-a-real-one");
  await submit(user);
  await waitFor(() => expect(field("client_id")).toHaveAttribute("aria-invalid", "true"));
  expect(field("client_id")).toHaveFocus();
  expect(field("client_id")).toHaveAccessibleDescription("This field is required.");
  expect(field("name")).toHaveValue("Acme blog");
  expect(field("client_secret")).toHaveValue("not-a-real-one");
  expect(field("client_secret")).toHaveAttribute("type", "password");
});

test("an invalid endpoint opens its section and is marked", async () => {
  const user = await start("some");
  await open(user);
  await user.type(field("client_id"), "acme");
  await user.type(field("client_secret"), "not-a-real-one");
  await user.clear(field("token_url"));
  await user.type(field("token_url"), "http://acme.example");
  await submit(user);
  await waitFor(() => expect(field("token_url")).toHaveFocus());
  expect(field("token_url")).toBeVisible();
  expect(screen.getByRole("button", { name: /^Endpoints/ })).toHaveAttribute("aria-expanded", "true");
  await press(user, "Reset to default: Token URL");
  expect(field("token_url")).toHaveValue("https://api.grigora.co/general/oauth/token");
});

test("only values that differ from the profile are sent", async () => {
  const user = await start("some");
  await open(user);
  await user.type(field("client_id"), " acme ");
  await user.type(field("projects"), "p1, p2\np3");
  await submit(user);
  await screen.findByRole("heading", { name: "Connect Grigora" });
  expect(fake.called("addApp")).toEqual([
    [
      {
        name: "Grigora",
        provider: "grigora",
        client_id: "acme",
        client_secret: null,
        redirect: "dev.grapnel.desktop:/oauth/callback/k3mzq7wdab",
        scopes: [],
        projects: ["p1", "p2", "p3"],
        overrides: {},
        secrets: {},
        discovered: [],
        environment: "",
      },
    ],
  ]);
});

test("the sandbox's values lead to a sign-in", async () => {
  const user = await start("empty");
  await press(user, "Try the sandbox");
  await screen.findByText("Filled in for the sandbox. Nothing leaves this computer.");
  await submit(user);
  await press(user, "Connect");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("openBrowser")).toHaveLength(1);
  expect(document.body.innerHTML).not.toContain("sandbox-client-secret");
  expect(fake.called("addApp")[0]?.[0]).toMatchObject({
    overrides: { token_url: "http://127.0.0.1:4455/general/oauth/token" },
  });
});

test("the sandbox has an app of each provider with a unique name", async () => {
  const user = await start("empty");
  await press(user, "Try the sandbox");
  await waitFor(() => expect(field("name")).toHaveValue("Grigora sandbox"));
  await user.click(screen.getByRole("radio", { name: "GroveStreams" }));
  expect(field("name")).toHaveValue("GroveStreams sandbox");
  expect(field("client_id")).toHaveValue("grapnel");
  await user.clear(field("name"));
  await user.type(field("name"), "Meters");
  await user.click(screen.getByRole("radio", { name: "Grindery" }));
  expect(field("name")).toHaveValue("Meters");
  expect(screen.getAllByRole("radio", { name: /^(G|The|Another)/ })).toHaveLength(5);
  await submit(user);
  await screen.findByRole("heading", { name: "Connect Meters to Grindery" });
  expect(fake.called("addApp")[0]?.[0]).toMatchObject({
    provider: "grindery",
    redirect: "dev.grapnel.desktop:/oauth/callback/k3mzq7wdab",
    overrides: { token_url: "http://127.0.0.1:4456/oauth/token" },
  });
});

test("an error without a field is shown in full", async () => {
  const user = await start("some", () =>
    fake.fail("addApp", {
      code: "keyring_locked",
      message: "The keyring is locked.",
      meaning: null,
      hint: "Unlock it.",
      field: null,
    }),
  );
  await open(user);
  await user.type(field("client_id"), "acme");
  await submit(user);
  expect(await screen.findByRole("alert")).toHaveTextContent("The keyring is locked.");
  expect(field("client_id")).toHaveValue("acme");
});

type User = Awaited<ReturnType<typeof start>>;
const radio = (name: string | RegExp) => screen.getByRole("radio", { name });
async function adding(provider: string): Promise<User> {
  const user = await start("some");
  await open(user);
  await user.click(await screen.findByRole("radio", { name: provider }));
  return user;
}
const sent = () => fake.called("addApp").at(-1)?.[0];

test("Grigora comes first, and each provider's form follows its profile", async () => {
  const user = await adding("Grigora");
  expect(
    screen
      .getAllByRole("radio")
      .slice(0, 5)
      .map((one) => one.getAttribute("aria-label")),
  ).toEqual(["Grigora", "Grindery", "The Grid", "GroveStreams", "Another provider"]);
  expect(field("projects")).toBeInTheDocument();
  await user.click(radio("Grindery"));
  await step(user, "Register");
  expect(screen.getByText(/Grindery has no apps/)).toBeVisible();
  for (const id of ["client_id", "client_secret", "projects", "scopes"]) expect(field(id)).toBeNull();
  await submit(user);
  await screen.findByRole("heading", { name: "Connect Grindery" });
  expect(sent()).toMatchObject({ provider: "grindery", client_id: "", client_secret: null, scopes: [], overrides: {} });
});

test("The Grid has scopes to tick and an identity provider to choose", async () => {
  const user = await adding("The Grid");
  await user.type(field("client_id"), "grid");
  await user.type(field("client_secret"), "not-a-real-one");
  await step(user, "Scopes");
  expect(screen.getByRole("checkbox", { name: "share" })).toHaveAccessibleDescription(/Content management includes it/);
  await user.click(screen.getByRole("checkbox", { name: "website_management" }));
  await user.click(screen.getByRole("checkbox", { name: "content_management" }));
  expect(field("scopes")).toHaveValue("content_management website_management");
  await step(user, "Credentials");
  await user.selectOptions(screen.getByRole("combobox", { name: "Identity provider" }), "GitHub");
  await submit(user);
  await screen.findByRole("heading", { name: "Connect The Grid" });
  expect(sent()).toMatchObject({
    scopes: ["content_management", "website_management"],
    overrides: { identity_provider: "github" },
  });
});

test("input for one provider is not used for another", async () => {
  const user = await adding("The Grid");
  await user.type(field("client_secret"), "not-a-real-one");
  await user.click(radio("GroveStreams"));
  expect(field("client_secret")).toHaveValue("");
  await user.type(field("client_id"), "own");
  await user.type(field("email"), "ines@harbour.example");
  await submit(user);
  await screen.findByRole("heading", { name: "Connect GroveStreams" });
  expect(sent()).toMatchObject({ client_secret: null, overrides: { email: "ines@harbour.example" } });
});

test("the redirect URI follows the redirect method", async () => {
  const user = await adding("The Grid");
  await step(user, "Register");
  const shown = () => (field("redirect_uri") as HTMLElement | null)?.textContent;
  await waitFor(() => expect(shown()).toBeTruthy());
  expect(shown()).toBe("dev.grapnel.desktop:/oauth/callback/k3mzq7wdab");
  await user.click(radio("Loopback (127.0.0.1)"));
  expect(shown()).toBe("http://127.0.0.1/callback/k3mzq7wdab");
  await user.type(field("port"), "70000");
  expect(shown()).toBe("http://127.0.0.1:70000/callback/k3mzq7wdab");
  await user.type(field("client_id"), "grid");
  await submit(user);
  await waitFor(() => expect(field("port")).toHaveFocus());
  expect(field("port")).toHaveAccessibleDescription(/Enter a port from 1024/);
  await user.clear(field("port"));
  await user.type(field("port"), "8311");
  await submit(user);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({ redirect: "http://127.0.0.1:8311/callback/k3mzq7wdab" });
});

test("a registered loopback redirect URI is used unchanged", async () => {
  const user = await adding("The Grid");
  await step(user, "Register");
  await user.click(radio("Loopback (127.0.0.1)"));
  await user.type(field("loopback_uri"), "http://localhost:8400/signin-oidc");
  expect(field("redirect_uri")).toHaveTextContent("http://localhost:8400/signin-oidc");
  await user.type(field("client_id"), "grid");
  await submit(user);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({ redirect: "http://localhost:8400/signin-oidc" });
});

test("the settings choose the redirect method of a new app, unless its provider needs another", async () => {
  const user = await start("some", () => (fake.data.settings.redirect_method = "loopback"));
  await press(user, "Add app");
  await user.click(radio("The Grid"));
  await step(user, "Register");
  await waitFor(() => expect(radio("Loopback (127.0.0.1)")).toBeChecked());
  expect(field("redirect_uri")).toHaveTextContent("http://127.0.0.1/callback/k3mzq7wdab");
  expect(screen.getByRole("radio", { name: "Deep link (recommended)" })).toBeVisible();
});

test("an app with the shared redirect URI is offered its own", async () => {
  const own = "dev.grapnel.desktop:/oauth/callback/q8fgjeq64x";
  const user = await start("app", () => Object.assign(fake.data.apps[0] ?? {}, { own_redirect_uri: own }));
  await row(user, "Acme Sites");
  const offer = await screen.findByRole("region", { name: "This app needs its own redirect URI" });
  expect(offer).toHaveTextContent(own);
  expect(offer).toHaveTextContent(/Register this redirect URI with Grigora/);
  await press(user, "Switch to this redirect URI");
  await waitFor(() => expect(screen.queryByRole("region", { name: "This app needs its own redirect URI" })).toBeNull());
  expect(fake.called("changeApp")).toMatchObject([["acme-sites", { redirect: own, client_secret: null }]]);
});

test("pasting requires an HTTPS redirect URI", async () => {
  const user = await adding("The Grid");
  await step(user, "Register");
  await user.click(radio("Paste manually"));
  expect(field("redirect_uri")).toBeNull();
  await user.type(field("client_id"), "grid");
  await submit(user);
  await waitFor(() => expect(field("redirect_address")).toHaveFocus());
  await user.type(field("redirect_address"), "https://harbour.example/callback");
  expect(field("redirect_uri")).toHaveTextContent("https://harbour.example/callback");
  await submit(user);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({ redirect: "https://harbour.example/callback" });
});

test("`state` can be waived only if the provider may not return it", async () => {
  const user = await adding("Grigora");
  await step(user, "Scopes");
  await user.click(screen.getByText("Advanced OAuth options"));
  const state = screen.getByRole("combobox", { name: "Require state" });
  expect([...state.querySelectorAll("option")].map((option) => option.value)).toEqual(["true"]);
});

test("any value can be changed and reset, and shows its source", async () => {
  const user = await adding("The Grid");
  await step(user, "Scopes");
  await user.click(screen.getByText("Advanced OAuth options"));
  const state = screen.getByRole("combobox", { name: "Require state" });
  expect(state.closest(".labelled")).toHaveTextContent("assumed");
  await user.selectOptions(state, "no");
  expect(screen.getByText(/a forged callback could sign you in/)).toBeInTheDocument();
  expect(state.closest(".labelled")).toHaveTextContent("custom");
  await press(user, "Reset to default: Require state");
  expect(screen.queryByText(/a forged callback/)).toBeNull();
  await user.selectOptions(screen.getByRole("combobox", { name: "Scope separator" }), "space");
  await user.type(field("more_value"), "authorize.ui_locales{Enter}");
  await user.type(field("authorize.ui_locales"), "de");
  await user.type(field("client_id"), "grid");
  await submit(user);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({ overrides: { scope_separator: "space", "authorize.ui_locales": "de" } });
});

test("an invalid option opens its section and is marked", async () => {
  const user = await adding("Grigora");
  await user.type(field("client_id"), "acme");
  await user.clear(field("token_prefix"));
  await user.type(field("token_prefix"), "a b");
  await submit(user);
  await waitFor(() => expect(field("token_prefix")).toHaveFocus());
  expect(screen.getByRole("button", { name: /^Advanced OAuth options/ })).toHaveAttribute("aria-expanded", "true");
  expect(field("token_prefix")).toBeVisible();
});

test("a custom provider is discovered, or entered by hand", async () => {
  const user = await adding("Another provider");
  expect(field("issuer")).toHaveFocus();
  await user.type(field("client_id"), "own");
  await submit(user);
  await waitFor(() => expect(field("authorize_url")).toHaveFocus());
  expect(field("authorize_url")).toBeVisible();
  await user.type(field("issuer"), "harbour");
  await press(user, "Discover");
  await waitFor(() => expect(field("issuer")).toHaveAccessibleDescription(/not an https address/));
  await user.clear(field("issuer"));
  await user.type(field("issuer"), "https://id.harbour.example");
  await press(user, "Discover");
  await waitFor(() => expect(field("token_url")).toHaveValue("https://id.harbour.example/token"));
  expect(field("scopes")).toHaveValue("openid");
  await user.type(field("scopes"), ", profile email");
  await submit(user);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({
    client_secret: null,
    scopes: ["openid", "profile", "email"],
    overrides: {
      issuer: "https://id.harbour.example",
      token_url: "https://id.harbour.example/token",
      require_iss: "true",
    },
  });
});

test("an error of the host names a setting and its choices as the form does", async () => {
  const user = await adding("Grigora");
  fake.fail("addApp", {
    code: "invalid_input",
    message: "The profile asks for a client secret and never sends it.",
    meaning: null,
    hint: "Set client_auth to body or basic, or client_secret to none.",
    field: "client_auth",
  });
  await user.type(field("client_id"), "own");
  await user.type(field("client_secret"), "a secret");
  await submit(user);
  await screen.findByText(
    /“Client authentication” to client_secret_post or client_secret_basic, or “Client secret requirement” to none\./,
  );
});

test("the deep link can be tested", async () => {
  const user = await adding("Grigora");
  fake.fail("testDeepLink", {
    code: "browser_failed",
    message: "Another program opens these links.",
    meaning: null,
    hint: "Use a port of this computer.",
    field: null,
  });
  await step(user, "Register");
  await press(user, "Test deep link");
  expect(await screen.findByRole("alert")).toHaveTextContent("Use a port of this computer.");
  fake.fail("testDeepLink", null);
  await press(user, "Test deep link");
  await screen.findByText("The link opens Grapnel.");
});

test("the sandbox is offered in the form for adding an app", async () => {
  const user = await start("some");
  await open(user);
  await press(user, "Try the sandbox");
  await waitFor(() => expect(field("client_id")).toHaveValue("sandbox-grigora"));
  expect(screen.getByText(/Nothing leaves this computer/)).toBeVisible();
});
