// Sign-ins without a callback: by a code on another device, and by the app's own credentials.

import { expect, test } from "vitest";
import { app, attempt, trouble } from "../../fake/data";
import { fake, press, row, screen, start, waitFor } from "../../test/start";
import type { App, Phase } from "../../host";

const begin = (grant_type: App["grant_type"], more: Partial<App> = {}) =>
  start("some", () => fake.data.apps.push(app("jobs", "Harbour jobs", { provider: "custom", grant_type, ...more })));

const current = () => document.querySelector("[aria-current=step]");

function become(phase: Phase, more: Partial<ReturnType<typeof attempt>> = {}) {
  const last = fake.data.attempts.at(-1);
  if (last) fake.tell({ kind: "attempt", value: { ...last, phase, ...more } });
}

test("a code is shown with its address, QR code and expiry, and opens no browser by itself", async () => {
  const user = await begin("device_code");
  await row(user, "Harbour jobs");
  expect(screen.queryByText("Redirect URI")).not.toBeInTheDocument();
  await press(user, "Connect");
  expect(await screen.findByText("WDJB-MJHT")).toBeVisible();
  expect(current()).toHaveTextContent("Waiting for your approval");
  expect(screen.getByRole("timer")).toHaveTextContent(/The code expires in \d:\d\d\./);
  const link = "https://id.harbour.example/device?user_code=WDJB-MJHT";
  expect(screen.getByRole("img", { name: `QR code for ${link}` })).toBeInTheDocument();
  expect(fake.called("openBrowser")).toEqual([]);
  expect(fake.called("testDeepLink")).toEqual([]);
  await press(user, /Copy code/);
  expect(fake.called("copyText")).toEqual([["WDJB-MJHT"]]);
  await press(user, "Open in browser");
  expect(fake.called("openBrowser")).toHaveLength(1);
  expect(screen.getByRole("heading", { name: /Device authorization request/ })).toBeVisible();
  await press(user, "Cancel");
  await screen.findByRole("heading", { name: "Cancelled" });
});

test("an address that is not safe is shown without a way to open it", async () => {
  const user = await begin("device_code");
  const real = fake.commands.devicePrompt;
  fake.commands.devicePrompt = async (id) => {
    const answer = await real(id);
    if (answer.status === "ok") Object.assign(answer.data, { link: null, qr_code: [] });
    return answer;
  };
  await row(user, "Harbour jobs");
  await press(user, "Connect");
  expect(await screen.findByText(/This isn’t an https address/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Open in browser" })).not.toBeInTheDocument();
  expect(screen.queryByRole("img", { name: /QR code/ })).not.toBeInTheDocument();
  fake.commands.devicePrompt = real;
});

test("an expired code can be requested again", async () => {
  const user = await begin("device_code");
  await row(user, "Harbour jobs");
  await press(user, "Connect");
  await screen.findByText("WDJB-MJHT");
  become("timed_out");
  await screen.findByRole("heading", { name: "Timed out" });
  expect(screen.getByText(/^The code expired at/)).toBeVisible();
  await press(user, "Try again");
  await screen.findByText("WDJB-MJHT");
  expect(fake.called("startAttempt")).toHaveLength(2);
});

test("an app of the code grant offers the other device if its provider does", async () => {
  const user = await begin("authorization_code", { offers_device: true });
  await row(user, "Harbour jobs");
  await press(user, "Other ways to sign in");
  await press(user, "Sign in on another device");
  expect(await screen.findByText("WDJB-MJHT")).toBeVisible();
  expect(fake.called("startAttempt")).toEqual([["jobs", null, { by_device: true }]]);
});

test("an app that connects as itself shows one step, and its refusal", async () => {
  const user = await begin("client_credentials");
  await row(user, "Harbour jobs");
  await press(user, "Connect");
  await waitFor(() => expect(current()).toHaveTextContent("Request an access token"));
  expect(screen.queryByText("Waiting for you in the browser")).not.toBeInTheDocument();
  expect(fake.called("openBrowser")).toEqual([]);
  become("failed", { error: trouble("invalid_client", "It does not accept the client ID or secret.") });
  await screen.findByRole("heading", { name: "Sign-in failed" });
  expect(current()).toHaveTextContent("It does not accept the client ID or secret.");
});
