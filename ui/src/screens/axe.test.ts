// Every screen, by the rules of WCAG. Contrast, and with it the two themes, is checked by shots.mjs: jsdom has no
// pixels.
import axe from "axe-core";
import { expect, test } from "vitest";
import { choose, press, row, screen, start, step } from "../test/start";

type User = Awaited<ReturnType<typeof start>>;
const tab = async (user: User, name: string) => user.click(await screen.findByRole("tab", { name }));
const importing = async (user: User) => {
  await press(user, "Add app");
  await press(user, "Add app from a file or text…");
  await screen.findByRole("heading", { name: "Add app from…" });
};
const screens: { [name in string]: [scenario: string, go?: (user: User) => Promise<unknown>] } = {
  "first run": ["empty"],
  "add app": ["some", (user) => press(user, "Add app")],
  ...Object.fromEntries(
    ["Register", "Credentials", "Scopes"].map((name) => [
      `add app: ${name}`,
      [
        "some",
        async (user: User) => {
          await press(user, "Add app");
          await user.click(await screen.findByRole("radio", { name: "GitHub" }));
          await step(user, name);
          await press(user, "Test");
          await screen.findByText(/were reached/);
          await user.click(document.querySelector("form button[type=submit]") as Element);
        },
      ] as [string, (user: User) => Promise<unknown>],
    ]),
  ),
  "the sandbox's app": ["empty", (user) => press(user, "Try the sandbox")],
  "add at The Grid": [
    "some",
    async (user) => {
      await press(user, "Add app");
      await user.click(await screen.findByRole("radio", { name: "The Grid" }));
      await user.click(screen.getByText("Endpoints"));
      await step(user, "Register");
      await user.click(screen.getByRole("radio", { name: "Loopback (127.0.0.1)" }));
      await step(user, "Scopes");
      await user.click(screen.getByText("Advanced OAuth options"));
      await user.selectOptions(screen.getByRole("combobox", { name: "Require state" }), "no");
    },
  ],
  "add another provider": [
    "some",
    async (user) => {
      await press(user, "Add app");
      await user.click(await screen.findByRole("radio", { name: "Another provider" }));
      await step(user, "Register");
      await user.click(screen.getByRole("radio", { name: "Paste manually" }));
    },
  ],
  "leaving a form": [
    "some",
    async (user) => {
      await press(user, "Add app");
      await step(user, "Credentials");
      await user.type(document.querySelector("#name") as Element, "Acme{Escape}");
      await screen.findByRole("alertdialog", { name: "Leave this form" });
    },
  ],
  "add app from a file": ["some", importing],
  "the preview of an imported app": [
    "some",
    async (user) => {
      await importing(user);
      await press(user, "Choose file…");
      await screen.findByRole("heading", { name: "What was understood" });
    },
  ],
  "edit app": [
    "some",
    async (user) => {
      await choose(user, "Go to app");
      await press(user, "Edit");
      await screen.findByRole("heading", { name: "Edit Acme Sites", level: 1 });
    },
  ],
  "duplicate app": [
    "some",
    async (user) => {
      await choose(user, "Go to app");
      await screen.findByRole("heading", { name: "Acme Sites", level: 1 });
      await choose(user, "Duplicate app");
      await screen.findByRole("heading", { name: "Duplicate Acme Sites", level: 1 });
    },
  ],
  "register anew": [
    "registered",
    async (user) => {
      await choose(user, "Register anew…");
      await screen.findByRole("alertdialog");
    },
  ],
  "pasting back": [
    "paste-waiting",
    async (user) => {
      await row(user, "Harbour");
      await user.type(await screen.findByRole("textbox", { name: "Redirect URL" }), "nonsense");
      await press(user, "Use this URL");
      await screen.findByText(/That is not an address/);
    },
  ],
  "a way back by a port": [
    "loopback-waiting",
    async (user) => {
      await row(user, "Harbour");
      await user.click(await screen.findByText("Paste the URL instead"));
    },
  ],
  "a port that is taken": [
    "port-taken",
    async (user) => {
      await press(user, "Connect");
      await screen.findByRole("alert");
    },
  ],
  "a way back that is lost": [
    "way-back-lost",
    async (user) => {
      await press(user, "Connect");
      await screen.findByRole("alert");
    },
  ],
  "device code": [
    "device",
    async (user) => {
      await row(user, "Harbour jobs");
      await screen.findByText("WDJB-MJHT");
    },
  ],
  "client credentials": [
    "itself",
    async (user) => {
      await choose(user, "Go to app");
      await press(user, "Connect another account");
      await screen.findByRole("heading", { name: /^Connect Harbour jobs/, level: 1 });
    },
  ],
  password: [
    "grovestreams-app",
    async (user) => {
      await press(user, "Other ways to sign in");
      await press(user, "Sign in with email and password instead");
    },
  ],
  token: ["differing", (user) => tab(user, "Token")],
  claims: ["grindery", (user) => tab(user, "Token")],
  "no expiry": ["thegrid"],
  things: [
    "thegrid",
    async (user) => {
      await tab(user, "Browse");
      await press(user, /^Harbour page 1 /);
    },
  ],
  "things within": [
    "grindery",
    async (user) => {
      await tab(user, "Browse");
      await press(user, /^Boats/);
      await press(user, "Workflows");
      await screen.findByText(/Tell the crew/);
    },
  ],
  "things that fail": [
    "things-error",
    async (user) => {
      await tab(user, "Browse");
      await screen.findByRole("alert");
    },
  ],
  app: ["app"],
  waiting: ["waiting", (user) => row(user, "Acme Sites")],
  denied: ["denied", (user) => row(user, "Acme Sites")],
  failed: ["failed", (user) => row(user, "Acme Sites")],
  connection: ["some"],
  trouble: ["troubled"],
  menu: [
    "some",
    async (user) => {
      (await screen.findByRole("button", { name: "More actions" })).focus();
      await user.keyboard("{Enter}");
      await screen.findByRole("menu", { name: "More actions", hidden: true });
    },
  ],
  "list options": [
    "troubled",
    async (user) => {
      screen.getByRole("button", { name: "List options" }).focus();
      await user.keyboard("{Enter}");
      await screen.findByRole("menu", { name: "List options", hidden: true });
    },
  ],
  "several selected": [
    "some",
    async (user) => {
      document.querySelector<HTMLElement>("[data-row=c1]")?.focus();
      await user.keyboard("{Control>}a{/Control}");
      await screen.findByRole("heading", { name: "4 connections selected" });
    },
  ],
  "edit a connection": ["some", (user) => choose(user, "Edit details…")],
  "removing with undo": [
    "some",
    async (user) => {
      await choose(user, "Go to app");
      await press(user, "Remove app and 4 connections");
      await screen.findByRole("button", { name: "Undo" });
    },
  ],
  palette: [
    "some",
    async (user) => {
      await screen.findByRole("heading", { name: "Acme production" });
      await user.keyboard("{Control>}k{/Control}");
      await screen.findByRole("combobox", { name: "Commands" });
    },
  ],
  "keyboard shortcuts": [
    "some",
    async (user) => {
      await user.keyboard("?");
      await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
    },
  ],
  disconnect: [
    "some",
    async (user) => {
      await choose(user, "Disconnect…");
      await screen.findByRole("alertdialog");
    },
  ],
  projects: ["some", (user) => tab(user, "Browse")],
  posts: [
    "some",
    async (user) => {
      await tab(user, "Browse");
      await press(user, /^Acme Journal/);
      await screen.findByRole("grid");
    },
  ],
  filters: [
    "some",
    async (user) => {
      await tab(user, "Browse");
      await press(user, /^Acme Journal/);
      await press(user, "Filters");
    },
  ],
  months: [
    "some",
    async (user) => {
      await tab(user, "Browse");
      await press(user, /^Acme Journal/);
      await screen.findByRole("toolbar");
      await press(user, "Columns");
    },
  ],
  search: [
    "offline",
    async (user) => {
      await tab(user, "Browse");
      await user.type(await screen.findByRole("textbox", { name: /^Search/ }), "rope");
      await screen.findAllByRole("button", { name: /^Choosing a rope/ });
    },
  ],
  export: [
    "some",
    async (user) => {
      await tab(user, "Browse");
      await press(user, /^Acme Journal/);
      await press(user, "Export");
      await press(user, "JSON (unmodified)…");
    },
  ],
  requests: ["requested", (user) => tab(user, "Requests")],
  "a response": [
    "requested",
    async (user) => {
      await tab(user, "Requests");
      await user.type(await screen.findByRole("combobox", { name: "Path" }), "project/list{Enter}");
      await screen.findByText("200 OK");
      await screen.findAllByRole("treeitem");
    },
  ],
  "an exchange": [
    "exchanged",
    async (user) => {
      await tab(user, "Requests");
      await press(user, /^Token refresh, 400/);
      await screen.findByText("400 Bad Request");
      await press(user, /^Request headers/);
    },
  ],
  "activity with exchanges": ["exchanged", (user) => tab(user, "Activity")],
  "connection's activity": ["some", (user) => tab(user, "Activity")],
  activity: ["some", (user) => press(user, "Activity")],
  ...Object.fromEntries(
    ["General", "Sign-in", "Network", "Refresh", "Vault", "Teams", "Data", "Hooks", "Diagnostics", "About"].map(
      (group) => [
        `settings: ${group}`,
        [
          "passphrase",
          async (user: User) => {
            await press(user, "Settings");
            await press(user, group);
            await screen.findByRole("heading", { name: group, level: 2 });
            if (group === "Diagnostics") await press(user, "Run diagnostics");
          },
        ] as const,
      ],
    ),
  ),
  teams: [
    "teams",
    async (user) => {
      await press(user, "Settings");
      await press(user, "Teams");
      await press(user, "Invite to Harbour");
    },
  ],
  "create a team": [
    "some",
    async (user) => {
      await press(user, "Settings");
      await press(user, "Teams");
      await press(user, "Create team…");
    },
  ],
  "join a team": [
    "team-unreachable",
    async (user) => {
      await press(user, "Settings");
      await press(user, "Teams");
      await press(user, "Join team…");
    },
  ],
  "the URL of a team's database": [
    "team-rolled-back",
    async (user) => {
      await press(user, "Settings");
      await press(user, "Teams");
      await press(user, "Database URL of Harbour…");
    },
  ],
  "share with a team": [
    "team-to-share",
    async (user) => {
      await choose(user, "Share with team…");
      await screen.findByRole("dialog");
    },
  ],
  "shared with a team": ["team-pending"],
  "activity of a team": ["team", (user) => tab(user, "Activity")],
  unwritable: ["unwritable"],
  vault: ["vault"],
};

test.each(Object.entries(screens))("%s", async (_name, [scenario, go]) => {
  document.documentElement.lang = "en";
  document.title = "Grapnel";
  const user = await start(scenario);
  await go?.(user);
  const found = await axe.run(document, { rules: { "color-contrast": { enabled: false } } });
  expect(found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
});
