import { expect, test } from "vitest";
import { router } from "../state/router.svelte";
import { appStore, choose, fake, press, row, screen, start, waitFor } from "../test/start";

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const submit = (user: { click: (element: Element) => Promise<void> }) =>
  user.click(document.querySelector("form button[type=submit]") as Element);
type User = Awaited<ReturnType<typeof start>>;

const change = async (user: User) => {
  await row(user, "Acme Sites");
  await press(user, "Edit");
  await screen.findByRole("heading", { name: "Edit Acme Sites", level: 1 });
};

test("an app is edited, and untouched values stay", async () => {
  const user = await start("app");
  await change(user);
  expect(screen.queryByRole("radio", { name: "Grigora" })).toBeNull();
  expect(field("client_secret")).toHaveValue("");
  expect(field("client_secret")).toHaveAccessibleDescription("Leave blank to keep the stored secret.");
  await user.clear(field("name"));
  await user.type(field("name"), "Acme pages");
  await submit(user);
  await screen.findByRole("heading", { name: "Acme pages", level: 1 });
  expect(fake.called("changeApp")[0]?.[1]).toMatchObject({
    name: "Acme pages",
    client_secret: null,
    redirect: "dev.grapnel.desktop:/oauth/callback",
  });
});

test("a secret stored for another host must be entered again", async () => {
  const user = await start("app");
  await change(user);
  await user.clear(field("token_url"));
  await user.type(field("token_url"), "https://elsewhere.example/token");
  await submit(user);
  await waitFor(() => expect(field("client_secret")).toHaveFocus());
  expect(field("client_secret")).toHaveAccessibleDescription(/saved for the addresses that the app had before/);
  await user.type(field("client_secret"), "another");
  await submit(user);
  await screen.findByRole("heading", { name: "Acme Sites", level: 1 });
  expect(fake.called("changeApp").at(-1)?.[1]).toMatchObject({
    client_secret: "another",
    overrides: { token_url: "https://elsewhere.example/token" },
  });
});

test("the endpoints of an app are tested from its page", async () => {
  const user = await start("some");
  router.go({ page: "app", app: "acme-sites" });
  await screen.findByRole("heading", { name: "Acme Sites", level: 1 });
  await choose(user, "Test endpoints");
  expect(await screen.findByText("All 3 were reached, 1 unclear.")).toBeVisible();
  expect(fake.called("checkEndpoints")).toEqual([["grigora", appStore.app("acme-sites")?.overrides]]);
});
