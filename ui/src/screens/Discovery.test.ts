import { expect, test } from "vitest";
import { fake, press, row, screen, start, step, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;

test("discovered values are offered, and requirements are shown", async () => {
  const user = await start("some");
  await user.click(screen.getByRole("button", { name: "Add app" }));
  await user.click(await screen.findByRole("radio", { name: "Another provider" }));
  await user.type(field("issuer"), "https://id.slash.example");
  await press(user, "Discover");
  await waitFor(() => expect(field("issuer")).toHaveAccessibleDescription(/spells its issuer/));
  await press(user, "Use https://id.slash.example/");
  await waitFor(() => expect(field("issuer")).toHaveValue("https://id.slash.example/"));
  expect(await screen.findByText(/pushed authorization requests/)).toBeInTheDocument();
  await step(user, "Scopes");
  expect(screen.getByRole("group", { name: "3 scopes supported by the issuer" })).toBeVisible();
  expect(field("scopes")).toHaveValue("openid");
  await user.type(field("scopes"), " notes");
  await user.click(screen.getByRole("checkbox", { name: "email" }));
  await user.click(screen.getByRole("checkbox", { name: "openid" }));
  expect(field("scopes")).toHaveValue("email notes");
});

test("discovery is repeated, and the app changed after confirmation", async () => {
  const user = await start("app", () => {
    const [app] = fake.data.apps;
    if (app)
      app.overrides = {
        issuer: "https://id.harbour.example",
        pkce: "never",
        authorize_url: "https://id.harbour.example/authorize",
        token_url: "https://id.harbour.example/token",
      };
  });
  await row(user, "Acme Sites");
  await press(user, "Discover again");
  expect(await screen.findByText("never → always")).toBeInTheDocument();
  expect(screen.getByText(/pushed authorization requests/)).toBeInTheDocument();
  expect(fake.called("changeApp")).toEqual([]);
  await press(user, "Update app");
  await screen.findByText("Updated.");
  expect(fake.called("changeApp")[0]?.[1]).toMatchObject({
    client_secret: null,
    overrides: { pkce: "always", jwks_url: "https://id.harbour.example/jwks" },
  });
});
