import { expect, test } from "vitest";
import { within } from "@testing-library/svelte";
import { trouble } from "../../fake/data";
import { fake, press, screen, start, waitFor } from "../../test/start";

const open = async (scenario: string) => {
  const user = await start(scenario);
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  return user;
};

const field = (id: string) => document.getElementById(id) as HTMLInputElement;
const items = async () => within(await screen.findByTestId("derived")).getAllByRole("listitem");

test("derived tokens are listed by service, scopes and expiry, or with why there is none", async () => {
  await open("custom");
  const [berths, tides, cranes] = await items();
  expect(berths).toHaveTextContent(/berths.*berths:read.*Expires .*, in .*, access token/);
  expect(tides).toHaveTextContent(/https:\/\/tides.harbour.example\/api.*Expired: the next use gets a new one/);
  expect(cranes).toHaveTextContent(/cranes.*invalid_target/);
});

test("one is copied by the host, for the same target", async () => {
  const user = await open("custom");
  await press(user, "Copy the token for berths");
  const target = { audiences: ["berths"], resources: [], scopes: ["berths:read"], token_type: null };
  expect(fake.called("copyDerivedToken")).toEqual([["c1", target]]);
});

test("one is removed only after a confirmation", async () => {
  const user = await open("custom");
  await press(user, "Remove the token for berths");
  expect(await screen.findByRole("alertdialog")).toHaveTextContent("Remove the token for berths");
  expect(fake.called("removeDerivedToken")).toEqual([]);
  await press(user, "Remove token");
  expect(fake.called("removeDerivedToken")).toEqual([["c1", "d1"]]);
  await waitFor(async () => expect(await items()).toHaveLength(2));
});

test("another one is asked for by audience, resource and scopes, and kept", async () => {
  const user = await open("custom");
  await press(user, "Get a token for another service");
  expect(screen.getByRole("button", { name: "Get and copy" })).toBeDisabled();
  await user.type(field("audience"), " pilots ");
  await user.type(field("scope"), "read  write{Enter}");
  const target = { audiences: ["pilots"], resources: [], scopes: ["read", "write"], token_type: null };
  await waitFor(() => expect(fake.called("copyDerivedToken")).toEqual([["c1", target]]));
  await screen.findByText("Copied. The clipboard is cleared in 45 seconds.", { selector: "form p" });
  expect(await items()).toHaveLength(4);
  expect(field("audience")).toHaveValue("");
});

test("an invalid value is reported at its field, and a refusal below the form", async () => {
  const user = await open("custom");
  await press(user, "Get a token for another service");
  fake.fail("copyDerivedToken", {
    ...trouble("invalid_input", "“x” is not the address of a resource."),
    field: "resource",
  });
  await user.type(field("resource"), "x{Enter}");
  await waitFor(() => expect(field("resource")).toHaveAccessibleDescription(/is not the address of a resource/));
  fake.fail("copyDerivedToken", trouble("provider_error", "The provider refuses the exchange."));
  await press(user, "Get and copy");
  expect(await screen.findByText(/The provider refuses the exchange/)).toBeVisible();
  expect(field("resource")).toHaveValue("x");
});

test("the app of a template can ask for its first one", async () => {
  const user = await start("custom", () => {
    const [c1] = fake.data.connections;
    if (!c1) throw new Error("no connection");
    c1.provider = "keycloak";
    const details = fake.data.details[c1.id];
    if (details) Object.assign(details, { summary: c1, derived_tokens: [] });
  });
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  expect(await screen.findByRole("button", { name: "Get a token for another service" })).toBeVisible();
});

test("the built-in providers, which have no token exchange, show nothing of it", async () => {
  await open("some");
  await screen.findByTestId("held");
  expect(screen.queryByText("Derived tokens")).toBeNull();
});
