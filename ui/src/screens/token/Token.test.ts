import { expect, test, vi } from "vitest";
import { within } from "@testing-library/svelte";
import { introspectionDiff } from "../../state/introspectionDiff";
import type { Unverified } from "../../host";
import { at, details, MINUTE, unavailable } from "../../fake/data";
import { appStore, fake, press, row, screen, start, waitFor } from "../../test/start";
import { token as words } from "../../words";

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
  const said = (expires_at: string, checkedAt = at(0)) =>
    introspectionDiff(
      of,
      { id: "", created_on: null, grant_type: null, scopes: [], project_ids: of.project_ids, expires_at },
      checkedAt,
    ).find((one) => one.about === "end");
  expect(said(at(40 * MINUTE + 20_000))?.here).toEqual([]);
  expect(said(at(30 * MINUTE))?.there).toHaveLength(1);
  // The token was refreshed since then.
  expect(said(at(30 * MINUTE), at(-24 * 60 * MINUTE))).toBeUndefined();
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

test("a disconnected connection says that no tokens are stored, and can be reconnected", async () => {
  const user = await start("troubled");
  await row(user, "Night desk");
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  await screen.findByText("No tokens: this connection is disconnected.");
  expect(screen.queryByText(/access_token/)).toBeNull();
  await press(user, "Reconnect");
  expect(fake.called("startAttempt")).toHaveLength(1);
});

test("missing scopes can be requested again", async () => {
  const user = await start("some");
  await row(user, "Acme staging");
  await press(user, "Request missing scopes");
  await waitFor(() => expect(fake.called("startAttempt")).toEqual([["acme-sites", "c2"]]));
});

test("a JWT is shown with its header, each claim explained, and why it is not verified", async () => {
  await open("grindery");
  expect(await screen.findByTestId("access-header")).toHaveTextContent(/alg.*ES256.*Signature algorithm.*kid.*prod-1/);
  const claims = screen.getByTestId("access-claims");
  expect(claims).toHaveTextContent(/Issuer iss.*urn:grindery:orchestrator.*Who issued the token\./);
  expect(claims).toHaveTextContent(/workspace.*ws_boats/);
  expect(claims.querySelectorAll("time")).toHaveLength(2);
  expect(screen.getByTestId("access-signature")).toHaveTextContent(
    "ES256, 64 bytes. Not verified: the app’s JWKS URL has no key “prod-1” for ES256; it may have been replaced.",
  );
});

test("the key that verified a token is named, and a missing JWKS URL can be set", async () => {
  const user = await open("custom");
  expect(await screen.findByTestId("access-signature")).toHaveTextContent(
    "RS256, 256 bytes. Verified with the key “2026-11” from the app’s JWKS URL.",
  );
  const id = screen.getByTestId("id-signature");
  expect(id).toHaveTextContent("the app has no JWKS URL, so there is no key to check it with.");
  expect(screen.getByText("Tells other programs who signed in. It is no credential for an API.")).toBeInTheDocument();
  await press(user, "Edit app");
  await screen.findByRole("heading", { level: 1, name: /Edit/ });
});

test("an ID token that is stored can be copied", async () => {
  const user = await open("custom");
  await screen.findByTestId("id-claims");
  await press(user, "Copy ID token");
  expect(fake.called("copyIdToken")).toEqual([["c1"]]);
});

test("the claims of an ID token that is not stored have no button", async () => {
  const user = await start("custom");
  const held = fake.data.details.c1;
  if (!held?.tokens) throw new Error("it has tokens");
  held.tokens.id_token = null;
  await row(user, "Harbour identity");
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  await screen.findByTestId("id-claims");
  expect(screen.queryByRole("button", { name: "Copy ID token" })).toBeNull();
});

const reasons: Unverified[] = [
  { reason: "no_keys_url" },
  { reason: "keys_unreadable", detail: "it answered 503" },
  { reason: "not_signed" },
  { reason: "shared_secret", alg: "HS256" },
  { reason: "unsupported", alg: "ES256K" },
  { reason: "critical" },
  { reason: "no_such_key", kid: "k1", alg: "RS256" },
  { reason: "no_key", alg: "RS256" },
  { reason: "bad_signature" },
  { reason: "keys_not_fetched" },
  { reason: "not_checked" },
];
test("each reason has a sentence of its own", () => {
  const said = reasons.map((why) => words.unverified(why));
  expect(new Set(said).size).toBe(reasons.length);
  for (const sentence of said) expect(sentence).toMatch(/^[A-Z][^]*\.$/);
});

test("a hostile token does not break the page", async () => {
  const user = await start("some");
  const held = fake.data.details.c1;
  if (!held?.tokens) throw new Error("it has tokens");
  held.tokens.refresh_claims = {
    header: [{ name: "alg", value: "<img src=x onerror=alert(1)>" }],
    is_verified: false,
    unverified_because: null,
    fields: [
      { name: "sub", value: "\u202eevil\n<script>alert(1)</script>" },
      { name: "__proto__", value: "x".repeat(100_000) },
      { name: "exp", value: "1e999" },
      ...Array.from({ length: 5000 }, (_, n) => ({ name: `c${n}`, value: "[".repeat(200) })),
    ],
  };
  await appStore.reload("c1");
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  const claims = await screen.findByTestId("refresh-claims");
  expect(claims).toHaveTextContent("\\u{202e}evil\\u{a}<script>alert(1)</script>");
  expect(claims.querySelector("script, img")).toBeNull();
  expect(claims).toHaveTextContent("… (99,400 more characters)");
  expect(claims.querySelectorAll("dt")).toHaveLength(100);
  expect(screen.getByText("4,903 more claims not shown")).toBeInTheDocument();
  expect(screen.getByTestId("refresh-signature")).toHaveTextContent(/^Not verified\.$/);
});

test("the token is copied and revealed by the host, never by the page", async () => {
  const user = await open("some");
  const actions = await screen.findByRole("group", { name: "Access token" });
  for (const [name, called] of [
    ["Copy", "copyToken"],
    ["Copy as header", "copyAuthorizationHeader"],
    ["Reveal…", "revealToken"],
  ] as const) {
    await user.click(within(actions).getByRole("button", { name }));
    expect(fake.called(called)).toEqual([["c1"]]);
  }
  await user.click(within(actions).getByRole("button", { name: "Copy curl" }));
  await waitFor(() => expect(fake.called("copyText").at(-1)?.[0]).toMatch(/^curl/));
  fake.fail("revealToken", unavailable);
  await user.click(within(actions).getByRole("button", { name: "Reveal…" }));
  expect(await screen.findByRole("alert")).toHaveTextContent(unavailable.message);
});

test.each(["Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7"])(
  "where the host cannot reveal the token, the page says so instead (%s)",
  async (system) => {
    vi.spyOn(navigator, "userAgent", "get").mockReturnValue(`Mozilla/5.0 (${system})`);
    await open("some");
    const actions = await screen.findByRole("group", { name: "Access token" });
    expect(within(actions).queryByRole("button", { name: "Reveal…" })).toBeNull();
    expect(screen.getByText("Grapnel shows a token on the screen only on Linux.")).toBeInTheDocument();
    expect(within(actions).getByRole("button", { name: "Copy" })).toBeInTheDocument();
  },
);

test("the commands for a script are quoted, and can be copied", async () => {
  const user = await open("some");
  const script = await screen.findByTestId("script");
  expect(script).toHaveTextContent("grapnel token 'Acme production'");
  await press(user, "Copy command: Print the token");
  expect(fake.called("copyText")).toEqual([["grapnel token 'Acme production'"]]);
});

test("the programs that were handed the token are listed, latest first", async () => {
  const user = await start("some");
  fake.data.activity = [
    {
      at: at(-90 * MINUTE),
      kind: "token_handed_out",
      text: "Access token handed to /usr/bin/deploy (pid 7).",
      times: 3,
      last_at: at(-2 * MINUTE),
      exchange_id: null,
      connection_id: "c1",
      app_id: null,
    },
    {
      at: at(-20 * MINUTE),
      kind: "token_handed_out",
      text: "Access token handed to /usr/bin/curl (pid 9).",
      times: 1,
      last_at: null,
      exchange_id: null,
      connection_id: "c1",
      app_id: null,
    },
    ...fake.data.activity,
  ];
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  const used = await screen.findByTestId("used-by");
  await waitFor(() => expect(used.textContent).toMatch(/deploy.*3 times.*curl/));
  expect(used).not.toHaveTextContent("copied");
});

test("a connection whose token no program used says so", async () => {
  await open("some");
  await screen.findByText("No program was handed the access token recently.");
});

test("a token that is bound to a certificate names it", async () => {
  const user = await start("custom");
  const held = fake.data.details.c1;
  if (!held?.tokens) throw new Error("it has tokens");
  held.tokens.certificate = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
  await row(user, "Harbour identity");
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  const shown = await screen.findByTestId("held");
  expect(shown).toHaveTextContent("bound to the app’s certificate (mTLS)");
  expect(shown).toHaveTextContent("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
});

test("a bound token names its key", async () => {
  const user = await start("custom");
  const held = fake.data.details.c1;
  if (!held?.tokens) throw new Error("it has tokens");
  held.tokens.dpop = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
  await row(user, "Harbour identity");
  await user.click(await screen.findByRole("tab", { name: "Token" }));
  const shown = await screen.findByTestId("held");
  expect(shown).toHaveTextContent("DPoP (bound to a key of this connection)");
  expect(shown).toHaveTextContent("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
});
