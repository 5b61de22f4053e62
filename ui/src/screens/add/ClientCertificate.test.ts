import { expect, test } from "vitest";
import { certificate } from "../../fake/adding";
import { fake, press, row, screen, start, step } from "../../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;

test("a client with a certificate asks for no secret, and says that Grapnel makes the certificate", async () => {
  const user = await start("some");
  await press(user, "Add app");
  await user.click(await screen.findByRole("radio", { name: "Another provider" }));
  await user.type(field("authorize_url"), "https://id.harbour.example/a");
  await user.type(field("token_url"), "https://id.harbour.example/t");
  await step(user, "Credentials");
  await user.selectOptions(field("client_auth"), "tls_client_auth");
  expect(field("client_secret")).toBeNull();
  expect(screen.queryByText(/^Grapnel makes a certificate/)).toBeNull();
  await user.selectOptions(field("client_auth"), "self_signed_tls_client_auth");
  expect(screen.getByText(/^Grapnel makes a certificate when you save/)).toBeVisible();
  expect(field("client_certificate")).toHaveAttribute("type", "password");
  await user.type(field("client_id"), "own");
  await user.click(screen.getAllByRole("button", { name: "Add app" }).at(-1) as Element);
  await screen.findByRole("heading", { level: 1, name: /^Connect/ });
  expect(fake.called("addApp").at(-1)?.[0]).toMatchObject({
    client_secret: null,
    overrides: { client_auth: "self_signed_tls_client_auth" },
    secrets: {},
  });
});

test("editing shows the certificate with its end, and never its private key", async () => {
  const user = await start("certificate");
  await row(user, "Harbour API");
  await press(user, "Edit");
  expect(await screen.findByText(certificate.thumbprint)).toBeVisible();
  expect(screen.getByText(/^The certificate expires on 2026-03-19/)).toBeVisible();
  expect(field("client_certificate")).toHaveValue("");
  await press(user, "Copy certificate");
  expect(fake.called("copyText").at(-1)).toEqual([certificate.pem]);
  await press(user, "Copy public key");
  expect(fake.called("copyText").at(-1)).toEqual([certificate.jwks]);
});
