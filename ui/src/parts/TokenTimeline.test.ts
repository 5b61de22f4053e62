import { expect, test } from "vitest";
import { row, screen, start } from "../test/start";

test("while a token is refreshed, no other refresh is announced", async () => {
  const user = await start("some");
  const timeline = async () => (await screen.findByRole("img", { name: /^Issued at/ })).getAttribute("aria-label");
  expect(await timeline()).toMatch(/refreshes automatically at/);
  await row(user, "Bakery site");
  await screen.findByText("Requesting a new token from Grigora…");
  expect(await timeline()).not.toMatch(/refreshes automatically/);
  await user.click(screen.getByRole("tab", { name: "Token" }));
  const term = await screen.findByText("Next refresh");
  expect(term.nextElementSibling).not.toHaveTextContent(/team|sandbox/);
});
