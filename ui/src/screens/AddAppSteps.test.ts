import { expect, test } from "vitest";
import { unavailable } from "../fake/data";
import { fake, press, screen, start, step, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const current = () => screen.getByRole("navigation", { name: "Steps" }).querySelector("[aria-current]")?.textContent;
const radio = (name: string) => screen.getByRole("radio", { name });
const sent = () => fake.called("addApp").at(-1)?.[0];
type User = Awaited<ReturnType<typeof start>>;

async function open(): Promise<User> {
  const user = await start("some");
  await press(user, "Add app");
  await screen.findByRole("heading", { name: "Add app", level: 1 });
  return user;
}

test("a custom issuer is added in four presses: provider, discovery, client ID, add", async () => {
  const user = await open();
  await user.click(radio("Another provider"));
  expect(field("issuer")).toHaveFocus();
  await user.keyboard("https://id.harbour.example{Enter}");
  expect(await screen.findByText(/^Found in the metadata: Issuer, Authorization URL, Token URL/)).toBeVisible();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(current()).toContain("Register"));
  await press(user, "Next");
  await waitFor(() => expect(current()).toContain("Credentials"));
  await user.type(field("client_id"), "own");
  await user.click(screen.getAllByRole("button", { name: "Add app" }).at(-1) as Element);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({ client_id: "own", overrides: { token_url: "https://id.harbour.example/token" } });
});

test("Next looks up an issuer that was only typed, and stays if that fails", async () => {
  const user = await open();
  await user.click(radio("Another provider"));
  await user.type(field("issuer"), "harbour");
  await press(user, "Next");
  await waitFor(() => expect(field("issuer")).toHaveAccessibleDescription(/not an https address/));
  expect(current()).toContain("Provider");
  expect(field("issuer")).toHaveFocus();
  await user.clear(field("issuer"));
  await user.type(field("issuer"), "https://id.harbour.example");
  expect(field("issuer")).not.toHaveAttribute("aria-invalid");
  await press(user, "Next");
  await waitFor(() => expect(current()).toContain("Register"));
  expect(field("token_url")).toHaveValue("https://id.harbour.example/token");
});

test("Next shows the errors of its own step, and going back loses nothing", async () => {
  const user = await open();
  await press(user, "Next");
  await press(user, "Next");
  await press(user, "Next");
  expect(current()).toContain("Credentials");
  await waitFor(() => expect(field("client_id")).toHaveFocus());
  expect(field("client_id")).toHaveAccessibleDescription("This field is required.");
  await user.type(field("client_id"), "acme");
  await user.type(field("name"), "Acme blog");
  expect(field("client_id")).not.toHaveAttribute("aria-invalid");
  await press(user, "Back");
  await press(user, "Back");
  expect(current()).toContain("Provider");
  expect(screen.getByRole("button", { name: "Back" })).toBeDisabled();
  await user.click(radio("GitHub"));
  await user.click(radio("Grigora"));
  await step(user, "Credentials");
  expect([field("client_id").value, field("name").value]).toEqual(["acme", "Acme blog"]);
});

test("Enter in a field leads to the next step, and in the last one adds the app", async () => {
  const user = await open();
  await step(user, "Credentials");
  await user.type(field("client_id"), "acme{Enter}");
  await waitFor(() => expect(current()).toContain("Scopes"));
  expect(fake.called("addApp")).toEqual([]);
  await user.type(field("authorize.audience"), "https://api.acme.example{Enter}");
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({ overrides: { "authorize.audience": "https://api.acme.example" } });
});

test("the host's error about a field goes when that field changes, and with the provider", async () => {
  const refused = {
    code: "invalid_input" as const,
    message: "There is already an app called “Acme”.",
    meaning: null,
    hint: "Choose another name.",
    field: "name",
  };
  const user = await start("some", () => fake.fail("addApp", refused));
  await press(user, "Add app");
  await step(user, "Credentials");
  await user.type(field("client_id"), "acme");
  await user.type(field("name"), "Acme");
  const submit = () => user.click(document.querySelector("form button[type=submit]") as Element);
  await submit();
  await waitFor(() => expect(field("name")).toHaveFocus());
  expect(field("name")).toHaveAccessibleDescription(/already an app called/);
  await user.type(field("client_id"), "2");
  expect(field("name")).toHaveAttribute("aria-invalid", "true");
  await user.type(field("name"), "x");
  expect(field("name")).not.toHaveAttribute("aria-invalid");
  await submit();
  await waitFor(() => expect(field("name")).toHaveAttribute("aria-invalid", "true"));
  await step(user, "Provider");
  await user.click(radio("Grindery"));
  await step(user, "Credentials");
  expect(field("name")).not.toHaveAttribute("aria-invalid");
  expect(screen.queryByRole("button", { name: /has errors/ })).toBeNull();
});

test("a template fills in its redirect method, scopes and parameters", async () => {
  const user = await open();
  await user.click(radio("GitHub"));
  await step(user, "Register");
  expect(screen.getByRole("radio", { name: "Loopback (127.0.0.1) (recommended)" })).toBeChecked();
  expect(screen.getByRole("button", { name: "Copy redirect URI: Deep link" })).toBeVisible();
  expect(field("redirect_uri")).toHaveTextContent("http://127.0.0.1/callback/k3mzq7wdab");
  await step(user, "Scopes");
  expect(field("scopes")).toHaveValue("read:user");
  await user.click(screen.getByRole("checkbox", { name: "repo" }));
  await step(user, "Credentials");
  await user.type(field("client_id"), "hub");
  await user.click(document.querySelector("form button[type=submit]") as Element);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({ provider: "github", scopes: ["read:user", "repo"], overrides: {} });
  expect(sent()).toMatchObject({ redirect: "http://127.0.0.1/callback/k3mzq7wdab" });
});

test("a tenant's template asks for its issuer, with an example", async () => {
  const user = await open();
  await user.click(radio("Okta"));
  expect(field("issuer")).toHaveFocus();
  expect(field("issuer")).toHaveAttribute("placeholder", "https://YOUR-DOMAIN.okta.com/oauth2/default");
  await user.click(radio("GitHub"));
  expect(field("issuer")).toBeNull();
});

test("the endpoints are tested without credentials, line by line", async () => {
  const user = await open();
  await step(user, "Credentials");
  await user.type(field("client_secret"), "not-a-real-one");
  await press(user, "Test");
  expect(await screen.findByText("All 3 were reached, 1 unclear.")).toBeVisible();
  expect(screen.getByText(/refused the test as a token endpoint does/)).toBeVisible();
  expect(fake.called("checkEndpoints")).toEqual([["grigora", {}]]);
  await step(user, "Provider");
  await press(user, "Endpoints");
  await user.clear(field("token_url"));
  await user.type(field("token_url"), "https://down.acme.example/token");
  expect(screen.queryByText("All 3 were reached, 1 unclear.")).toBeNull();
  await press(user, "Test");
  expect(await screen.findByText("1 of 3 failed, 1 unclear.")).toBeVisible();
  expect(screen.getByText(/connection refused/)).toBeVisible();
});

test("a test that takes long can be cancelled", async () => {
  const user = await open();
  fake.wait("checkEndpoints", 60_000);
  await press(user, "Test");
  await press(user, "Cancel test");
  expect(await screen.findByRole("button", { name: "Test" })).toBeEnabled();
  expect(screen.queryByText(/were reached/)).toBeNull();
});

test("a test names the invalid field and opens its step", async () => {
  const user = await open();
  await press(user, "Endpoints");
  await user.clear(field("token_url"));
  await user.type(field("token_url"), "nowhere");
  fake.fail("checkEndpoints", {
    code: "invalid_input",
    message: "That is not an address.",
    meaning: "Nothing was tested.",
    hint: null,
    field: "token_url",
  });
  await step(user, "Scopes");
  await press(user, "Test");
  await waitFor(() => expect(field("token_url")).toHaveFocus());
  expect(field("token_url")).toHaveAccessibleDescription(/not an address/);
  expect(current()).toContain("Provider");
});

test("a grant without a callback asks for no redirect URI, authorization URL or PKCE", async () => {
  const user = await open();
  await user.click(radio("Another provider"));
  await user.type(field("issuer"), "https://id.harbour.example");
  await press(user, "Next");
  await waitFor(() => expect(current()).toContain("Register"));
  expect(screen.getByText("Redirect method")).toBeVisible();
  await press(user, "Back");
  await user.selectOptions(screen.getByRole("combobox", { name: "Grant type" }), "client_credentials");
  expect(screen.queryByText("Redirect method")).not.toBeInTheDocument();
  expect(screen.getByText(/a token for the app itself/)).toBeVisible();
  for (const id of ["authorize_url", "device_authorization_url", "pkce", "refresh"]) expect(field(id)).toBeNull();
  await press(user, "Next");
  await press(user, "Next");
  // Without a person, only a secret proves who asks.
  await user.type(field("client_id"), "jobs");
  await user.type(field("client_secret"), "s3cret");
  await user.click(screen.getAllByRole("button", { name: "Add app" }).at(-1) as Element);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({ overrides: { grant_type: "client_credentials" } });
});

test("a grant that the provider does not offer is pointed out", async () => {
  const user = await open();
  await user.click(radio("Another provider"));
  await user.type(field("issuer"), "https://id.harbour.example");
  const real = fake.commands.discover;
  fake.commands.discover = async (...given) => {
    const answer = await real(...given);
    if (answer.status === "ok") answer.data.grant_types = ["authorization_code"];
    return answer;
  };
  await press(user, "Discover");
  await screen.findByText(/^Found /);
  await user.selectOptions(screen.getByRole("combobox", { name: "Grant type" }), "device_code");
  expect(await screen.findByText(/doesn’t offer this grant type. It offers: authorization code\./)).toBeVisible();
  await press(user, "Next");
  // The endpoint that this grant needs is missing.
  expect(current()).toContain("Provider");
  await waitFor(() => expect(field("device_authorization_url")).toHaveFocus());
  fake.commands.discover = real;
});

test("the provider’s page for apps is opened by the host", async () => {
  const user = await open();
  await step(user, "Register");
  await press(user, "Open portal in the browser");
  expect(fake.called("openPage")).toEqual([[{ portal: "grigora" }]]);
  fake.fail("openPage", unavailable);
  await press(user, "Open portal in the browser");
  expect(await screen.findByText(/^The page was not opened/)).toBeVisible();
});
