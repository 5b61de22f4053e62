// Every screen, in both themes, by the rules of WCAG. Contrast is settled by the tokens and seen in the pictures: jsdom has no pixels.
import axe from "axe-core";
import { afterEach, describe, expect, test } from "vitest";
import { choose, press, row, screen, start } from "../test/start";

type User = Awaited<ReturnType<typeof start>>;
const tab = async (user: User, name: string) => user.click(await screen.findByRole("tab", { name }));
const screens: { [name in string]: [scenario: string, go?: (user: User) => Promise<unknown>] } = {
  "first run": ["empty"],
  "add app": ["some", (user) => press(user, "Add app")],
  "the sandbox's app": ["empty", (user) => press(user, "Try it with the sandbox")],
  app: ["app"],
  waiting: ["waiting", (user) => row(user, "Acme Sites")],
  denied: ["denied", (user) => row(user, "Acme Sites")],
  failed: ["failed", (user) => row(user, "Acme Sites")],
  connection: ["some"],
  trouble: ["troubled"],
  menu: ["some", async (user) => { (await screen.findByRole("button", { name: "More actions" })).focus(); await user.keyboard("{Enter}"); await screen.findByRole("menu", { hidden: true }); }],
  disconnect: ["some", async (user) => { await choose(user, "Disconnect…"); await screen.findByRole("alertdialog"); }],
  projects: ["some", (user) => tab(user, "Browse")],
  posts: ["some", async (user) => { await tab(user, "Browse"); await press(user, /^Acme Journal/); await screen.findByRole("grid"); }],
  dates: ["some", async (user) => { await tab(user, "Browse"); await press(user, /^Acme Journal/); await press(user, "Dates"); }],
  "connection's activity": ["some", (user) => tab(user, "Activity")],
  activity: ["some", (user) => press(user, "Activity")],
  settings: ["some", (user) => press(user, "Settings")],
  unwritable: ["unwritable"],
  vault: ["vault"],
};

afterEach(() => delete document.documentElement.dataset.theme);

describe.each(["light", "dark"])("%s", (theme) => {
  test.each(Object.entries(screens))("%s", async (_name, [scenario, go]) => {
    document.documentElement.dataset.theme = theme;
    document.documentElement.lang = "en";
    document.title = "Grapnel";
    const user = await start(scenario);
    await go?.(user);
    const found = await axe.run(document, { rules: { "color-contrast": { enabled: false } } });
    expect(found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
  });
});
