import { expect, test } from "vitest";
import { choose, fake, press, row, screen, start, step, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
type User = Awaited<ReturnType<typeof start>>;
const submit = (user: User) => user.click(document.querySelector("form button[type=submit]") as Element);
const radio = (name: string) => screen.getByRole("radio", { name });
const sent = () => fake.called("addApp").at(-1)?.[0];

async function open(user: User) {
  await user.click(screen.getByRole("button", { name: "Add app" }));
  await screen.findByRole("heading", { name: "Add app", level: 1 });
}
async function adding(provider: string): Promise<User> {
  const user = await start("some");
  await open(user);
  await user.click(await screen.findByRole("radio", { name: provider }));
  return user;
}
async function change(user: User) {
  await row(user, "Acme Sites");
  await press(user, "Edit");
  await screen.findByRole("heading", { name: "Edit Acme Sites", level: 1 });
}

test("errors stay with the provider whose form was submitted", async () => {
  const user = await start("some");
  await open(user);
  await submit(user);
  await waitFor(() => expect(field("client_id")).toHaveAttribute("aria-invalid", "true"));
  await step(user, "Provider");
  await user.click(radio("Grindery"));
  expect(screen.queryByText(/client ID is needed/i)).toBeNull();
  expect([...document.querySelectorAll("details[open]")]).toEqual([]);
  await user.click(radio("The Grid"));
  expect(field("client_id")).not.toHaveAttribute("aria-invalid");
});

test("discovered values are distinguished from the person's changes", async () => {
  const user = await adding("Another provider");
  await user.type(field("issuer"), "https://id.harbour.example");
  await press(user, "Discover");
  await waitFor(() => expect(field("token_url")).toHaveValue("https://id.harbour.example/token"));
  expect(screen.queryByText(/\d changed/)).toBeNull();
  await user.click(screen.getByText("Endpoints"));
  expect(field("jwks_url").closest(".labelled")).toHaveTextContent("discovered");
  await user.clear(field("userinfo_url"));
  await user.type(field("userinfo_url"), "https://id.harbour.example/me");
  expect(field("userinfo_url").closest(".labelled")).toHaveTextContent("custom");
  expect(screen.getByText("1 customized, 3 discovered")).toBeInTheDocument();
  await user.type(field("client_id"), "own");
  await submit(user);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  const { discovered } = sent() as { discovered: string[] };
  expect(discovered).toContain("jwks_url");
  expect(discovered).not.toContain("userinfo_url");
});

test("endpoints of one installation follow the one that is set", async () => {
  const user = await adding("GroveStreams");
  await user.click(screen.getByText("Endpoints"));
  await user.clear(field("token_url"));
  await user.type(field("token_url"), "https://iot.acme.example/api/oauth_access_token");
  expect(field("login_url")).toHaveValue("https://iot.acme.example/api/oauth_login");
  expect(field("login_url").closest(".labelled")).toHaveTextContent("same host as the other endpoints");
  await user.clear(field("login_url"));
  await user.type(field("login_url"), "https://grovestreams.com/api/oauth_login");
  await user.type(field("client_id"), "own");
  await submit(user);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({
    overrides: {
      token_url: "https://iot.acme.example/api/oauth_access_token",
      login_url: "https://grovestreams.com/api/oauth_login",
    },
  });
});

test("a custom parameter that may be secret is masked, and an empty one removes a default", async () => {
  const user = await adding("Grigora");
  await step(user, "Scopes");
  await user.click(screen.getByText("Advanced OAuth options"));
  await user.type(field("more_value"), "token.header.X-Key{Enter}");
  expect(field("token.header.X-Key")).toHaveAttribute("type", "password");
  await user.type(field("token.header.X-Key"), "not-a-real-one");
  await user.type(field("more_value"), "authorize.nothing{Enter}");
  await user.type(field("client_id"), "acme");
  await submit(user);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(sent()).toMatchObject({
    overrides: { "authorize.nothing": "" },
    secrets: { "token.header.X-Key": "not-a-real-one" },
  });
});

test("a stored secret value is kept or removed", async () => {
  const user = await start("app", () =>
    Object.assign(fake.data.apps[0] as object, { secrets: ["token.audience", "token.key"] }),
  );
  await change(user);
  await user.click(screen.getByText("Advanced OAuth options"));
  expect(field("token.key")).toHaveValue("");
  expect(field("token.key")).toHaveAccessibleDescription("Stored in the vault. Leave blank to keep it.");
  await press(user, "Delete token.audience from the vault");
  await submit(user);
  await screen.findByRole("heading", { name: "Acme Sites", level: 1 });
  expect(fake.called("changeApp").at(-1)?.[1]).toMatchObject({ overrides: {}, secrets: { "token.audience": null } });
});

test("a profile file's other hosts and disabled protections are shown before a secret is entered", async () => {
  const user = await start("some");
  await open(user);
  const input = document.querySelector<HTMLInputElement>("input[type=file]") as HTMLInputElement;
  await user.upload(input, new File(["provider = 'grigora' # evil"], "theirs.toml"));
  const told = await screen.findByRole("alert");
  expect(told).toHaveTextContent("evil.example: Token URL and API base URL");
  expect(told).toHaveTextContent("PKCE is switched off");
});

test("a profile file fills in the form; an invalid one is reported and changes nothing", async () => {
  const user = await start("some");
  await open(user);
  const input = document.querySelector<HTMLInputElement>("input[type=file]") as HTMLInputElement;
  await user.upload(input, new File(["shopping"], "list.toml"));
  expect(await screen.findByRole("alert")).toHaveTextContent("The file is not a profile");
  await user.upload(input, new File(["provider = 'custom'"], "acme.toml"));
  await screen.findByText("Filled in from acme.toml.");
  expect(field("authorize_url")).toHaveValue("https://id.acme.example/authorize");
  expect(field("scopes")).toHaveValue("openid email");
});

test("a profile is saved as a file, and its path is shown", async () => {
  const user = await start("app");
  await row(user, "Acme Sites");
  await choose(user, "Share app…");
  await screen.findByText(/Downloads\/Acme Sites profile\.toml/);
});
