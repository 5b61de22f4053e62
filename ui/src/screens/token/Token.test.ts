import { expect, test } from "vitest";
import { introspectionDiff } from "../../state/introspectionDiff";
import { at, details, MINUTE } from "../../fake/data";
import { fake, press, row, screen, start, waitFor } from "../../test/start";

const open = async (scenario: string) => {
  const user = await start(scenario);
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  return user;
};

test("the stored tokens are shown by prefix, type and times", async () => {
  await open("some");
  const held = await screen.findByTestId("held");
  expect(held).toHaveTextContent("gri_at_7Kd2…");
  expect(held).toHaveTextContent("9f3c 21ab");
  expect(held).toHaveTextContent("Opaque (only Grigora can read it)");
  expect(held).toHaveTextContent(/Next refresh.*, automatic/);
  for (const time of held.querySelectorAll("time")) expect(time).toHaveAttribute("title");
});

test("introspection is compared with the stored metadata", async () => {
  const user = await open("differing");
  const table = await screen.findByTestId("compared");
  expect(table).toHaveTextContent(
    /Scopes.*differ.*Only in Grapnel: project:details:read.*Only at Grigora: cms:post:write/,
  );
  expect(table).toHaveTextContent(/Projects.*3 match/);
  await row(user, "Acme staging");
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  await waitFor(() => expect(screen.getByTestId("compared")).toHaveTextContent(/Scopes.*3 match/));
});

test("the introspected expiry may differ by the response time", () => {
  const of = details("c1", "One", "active", 40 * MINUTE);
  const said = (expires_at: string) =>
    introspectionDiff(of, {
      id: "",
      created_on: null,
      grant_type: null,
      scopes: [],
      project_ids: of.project_ids,
      expires_at,
    }).find((one) => one.about === "end");
  expect(said(at(40 * MINUTE + 20_000))?.here).toEqual([]);
  expect(said(at(30 * MINUTE))?.there).toHaveLength(1);
});

test("the last response is shown redacted, and can be copied", async () => {
  const user = await open("some");
  await screen.findByText(/"access_token": "‹43 characters›"/);
  await press(user, "Copy masked response");
  expect(fake.called("copyText")[0]?.[0]).toContain("‹43 characters›");
});

test("only sign-ins and refreshes are listed, with their results", async () => {
  await open("some");
  const list = await screen.findByTestId("renewals");
  await waitFor(() => expect(list).toHaveTextContent("The attempt before it had failed."));
  expect(list).not.toHaveTextContent("copied");
});

test("a disconnected connection says that no tokens are stored", async () => {
  const user = await start("troubled");
  await row(user, "Night desk");
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  await screen.findByText("No tokens: this connection is disconnected.");
  expect(screen.queryByText(/access_token/)).toBeNull();
});

test("missing scopes can be requested again", async () => {
  const user = await start("some");
  await row(user, "Acme staging");
  await press(user, "Request missing scopes");
  await waitFor(() => expect(fake.called("startAttempt")).toEqual([["acme-sites", "c2"]]));
});
