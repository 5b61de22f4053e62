// An app that shares its redirect URI with others is offered one of its own.
import { expect, test } from "vitest";
import { trouble } from "../fake/data";
import { fake, press, row, screen, start, waitFor } from "../test/start";

const own = "dev.grapnel.desktop:/oauth/callback/k3mzq7wdab";
const offering = async () => {
  const user = await start("app", () => Object.assign(fake.data.apps[0] ?? {}, { own_redirect_uri: own }));
  await row(user, fake.data.apps[0]?.name ?? "");
  await screen.findByRole("region", { name: "This app needs its own redirect URI" });
  return user;
};

test("the separate redirect URI is shown to be registered, and can be copied", async () => {
  const user = await offering();
  const region = screen.getByRole("region", { name: "This app needs its own redirect URI" });
  expect(region).toHaveTextContent(own);
  await press(user, "Copy the app’s own redirect URI");
  expect(fake.called("copyText")).toEqual([[own]]);
});

test("using it changes nothing but the redirect URI, and the offer ends", async () => {
  const user = await offering();
  const before = fake.data.apps[0];
  await press(user, "Switch to this redirect URI");
  await waitFor(() => expect(fake.called("changeApp")).toHaveLength(1));
  expect(fake.called("changeApp")[0]).toMatchObject([
    before?.id,
    { redirect: own, name: before?.name, client_id: before?.client_id, scopes: before?.scopes, client_secret: null },
  ]);
});

test("a failure keeps the offer, and offers to edit the app if its values are the cause", async () => {
  const user = await offering();
  fake.fail("changeApp", { ...trouble("invalid_input", "It is not accepted."), next_step: "edit_app" });
  await press(user, "Switch to this redirect URI");
  expect(await screen.findByRole("alert")).toHaveTextContent("It is not accepted.");
  await press(user, "Edit app");
  await screen.findByRole("heading", { name: /^Edit /, level: 1 });
});
