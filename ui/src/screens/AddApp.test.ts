import { expect, test } from "vitest";
import { fake, press, screen, start, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const submit = (user: { click: (element: Element) => Promise<void> }) => user.click(document.querySelector("form button[type=submit]") as Element);

test("what was typed stays when something is wrong, and the field has the focus", async () => {
  const user = await start("some");
  await press(user, "Add app");
  await user.type(field("name"), "Acme blog");
  await user.type(field("client_secret"), "not-a-real-one");
  await submit(user);
  await waitFor(() => expect(field("client_id")).toHaveAttribute("aria-invalid", "true"));
  expect(field("client_id")).toHaveFocus();
  expect(field("client_id")).toHaveAccessibleDescription(/client id is needed/);
  expect(field("name")).toHaveValue("Acme blog");
  expect(field("client_secret")).toHaveValue("not-a-real-one");
  expect(field("client_secret")).toHaveAttribute("type", "password");
});

test("an address that cannot be opens the addresses and is marked there", async () => {
  const user = await start("some");
  await press(user, "Add app");
  await user.type(field("client_id"), "acme");
  await user.clear(field("token_url"));
  await user.type(field("token_url"), "http://acme.example");
  await submit(user);
  await waitFor(() => expect(field("token_url")).toHaveFocus());
  expect(document.querySelector("details")).toHaveAttribute("open");
  await press(user, "Reset to default: Token address");
  expect(field("token_url")).toHaveValue("https://api.grigora.co/general/oauth/token");
});

test("only what differs from the provider's own is sent", async () => {
  const user = await start("some");
  await press(user, "Add app");
  await user.type(field("client_id"), " acme ");
  await user.type(field("projects"), "p1, p2\np3");
  await submit(user);
  await screen.findByRole("heading", { name: "Connect Grigora to Grigora" });
  expect(fake.called("addApp")).toEqual([[{ name: "", provider: "grigora", client_id: "acme", client_secret: null, projects: ["p1", "p2", "p3"], overrides: {} }]]);
});

test("the sandbox's values go on to the sign-in", async () => {
  const user = await start("empty");
  await press(user, "Try it with the sandbox");
  await screen.findByText("These are the sandbox’s values. Nothing leaves this computer.");
  await submit(user);
  await press(user, "Connect in the browser");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("openBrowser")).toHaveLength(1);
  expect(document.body.innerHTML).not.toContain("sandbox-client-secret");
  expect(fake.called("addApp")[0]?.[0]).toMatchObject({ overrides: { token_url: "http://127.0.0.1:4455/general/oauth/token" } });
});

test("a trouble that belongs to no field is told in full", async () => {
  const user = await start("some", () => fake.fail("addApp", { code: "keyring_locked", message: "The keyring is locked.", meaning: null, hint: "Unlock it.", field: null }));
  await press(user, "Add app");
  await user.type(field("client_id"), "acme");
  await submit(user);
  expect(await screen.findByRole("alert")).toHaveTextContent("The keyring is locked.");
  expect(field("client_id")).toHaveValue("acme");
});
