import { expect, test } from "vitest";
import { attempt } from "../../fake/world";
import { fake, press, row, screen, start, waitFor } from "../../test/start";

test.each([
  ["exchanging", "Exchange the code for tokens"],
  ["identifying", "See who you are and what was granted"],
])("%s", async (phase, step) => {
  const user = await start(phase);
  await row(user, "Acme Sites");
  expect(document.querySelector("[aria-current=step]")).toHaveTextContent(step);
});

test.each([
  ["denied", "You said no at Grigora", "Nothing was changed, and no token exists."],
  ["timed_out", "Nobody answered in time", "Grapnel stopped waiting"],
  ["failed", "The sign-in failed", "Check the client secret"],
])("%s can be tried again", async (phase, title, text) => {
  const user = await start(phase);
  await row(user, "Acme Sites");
  await screen.findByRole("heading", { name: title });
  expect(document.querySelector("[aria-current=step]")).toHaveTextContent(text);
  await press(user, "Try again");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("startAttempt")).toEqual([["acme-sites", null]]);
});

test("cancelled", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  await press(user, "Cancel");
  await screen.findByRole("heading", { name: "Cancelled" });
  await press(user, "Close");
  await screen.findByRole("button", { name: "Connect in the browser" });
});

test("a browser that did not open can be tried again, and the link copied", async () => {
  const user = await start("browser");
  await row(user, "Acme Shop");
  await press(user, "Connect in the browser");
  await screen.findByText("The sign-in page did not open");
  await press(user, "Copy link");
  fake.fail("openBrowser", null);
  await press(user, "Try again");
  await screen.findByText("Waiting for you in the browser");
  expect(fake.called("copyLink")).toHaveLength(1);
});

test("once connected, the window goes to the connection", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  fake.tell({ kind: "attempt", value: attempt("done") });
  await waitFor(() => screen.getByRole("heading", { name: "Acme production", level: 1 }));
});

test("secrets are described, not shown", async () => {
  const user = await start("waiting");
  await row(user, "Acme Sites");
  const inside = await screen.findByRole("complementary", { name: "What is happening" });
  expect(inside).toHaveTextContent("client_secret in the vault");
  expect(inside).toHaveTextContent("state 43 characters");
});
