import { expect, test } from "vitest";
import { publicKeySet } from "../../fake/adding";
import { fake, press, row, screen, start, step } from "../../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;

test("a client with a private key asks for no secret, and says that Grapnel makes the key", async () => {
  const user = await start("some");
  await press(user, "Add app");
  await user.click(await screen.findByRole("radio", { name: "Another provider" }));
  await user.type(field("authorize_url"), "https://id.harbour.example/a");
  await user.type(field("token_url"), "https://id.harbour.example/t");
  await step(user, "Credentials");
  expect(field("client_secret")).toBeVisible();
  await user.selectOptions(field("client_auth"), "private_key_jwt");
  expect(field("client_secret")).toBeNull();
  expect(screen.getByText(/^Grapnel makes a key pair when you save/)).toBeVisible();
  await user.type(field("client_id"), "own");
  await user.selectOptions(field("client_key_alg"), "EdDSA");
  await user.click(screen.getAllByRole("button", { name: "Add app" }).at(-1) as Element);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(fake.called("addApp").at(-1)?.[0]).toMatchObject({
    client_secret: null,
    overrides: { client_auth: "private_key_jwt", client_key_alg: "EdDSA" },
    secrets: {},
  });
});

test("editing shows the public key, and never the private one", async () => {
  const user = await start("client_key");
  await row(user, "Harbour API");
  await press(user, "Edit");
  expect(await screen.findByText(/^The private key is in the vault/)).toBeVisible();
  expect(await screen.findByText(/MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4/)).toBeVisible();
  expect(field("client_key")).toHaveValue("");
  await press(user, "Copy public key");
  expect(fake.called("copyText").at(-1)).toEqual([publicKeySet]);
});
