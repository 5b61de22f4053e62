// Screenshots of every screen with the fake host, into target/shots, each checked by axe including contrast.
// Needs Chromium. An argument, a regular expression, picks some by name.
import { createServer } from "node:http";
import { mkdirSync, readFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const root = new URL("../target/ui-fake", import.meta.url).pathname;
const out = new URL("../target/shots", import.meta.url).pathname;
const only = process.argv[2] ? new RegExp(process.argv[2]) : /./;
const part = process.env.PART?.split("/").map(Number);
mkdirSync(out, { recursive: true });

const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src ipc: http://ipc.localhost; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const server = createServer((request, response) => {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const file = join(root, path === "/" ? "index.html" : path);
  if (path === "/favicon.ico") return response.writeHead(204).end();
  if (!file.startsWith(root) || !existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, {
    "content-type": types[extname(file)] ?? "application/octet-stream",
    "content-security-policy": csp,
  });
  response.end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const button = (page, name) => page.getByRole("button", { name, exact: true });
const tab = (page, name) => page.getByRole("tab", { name }).click();
const row = (page, name) => page.locator(".link", { hasText: name }).first().click();
const pick = async (page, name) => {
  await tab(page, "Browse");
  await page.locator(".project", { hasText: name }).first().click();
};

const importing = async (page) => {
  await button(page, "Add app").click();
  await button(page, "Add app from a file or text…").click();
};

/** Opens a step of adding an app of a provider. */
const adding = async (page, step, provider) => {
  await button(page, "Add app").first().click();
  if (provider) await page.getByRole("radio", { name: provider, exact: true }).click();
  if (step) await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: step }).click();
};
const discovering = async (page) => {
  await adding(page, "", "Another provider");
  await page.fill("#issuer", "https://id.harbour.example");
  await button(page, "Discover").click();
  await page.getByText("Found ").waitFor();
};

/** Finds a protected resource, and opens a step. */
const resource = async (page, step) => {
  await adding(page, "", "Another provider");
  await page.fill("#issuer", "https://tools.example/mcp");
  await button(page, "Discover").click();
  await page.getByText("Found the protected resource").waitFor();
  if (step) await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: step }).click();
};

const settings = async (page, group) => {
  await button(page, "Settings").click();
  await button(page, group).click();
  await page.getByRole("heading", { name: group, level: 2 }).waitFor();
};

const request = async (page, path) => {
  await tab(page, "Requests");
  await page.fill("#request-path", path);
  await button(page, "Send").click();
};

const shots = {
  first: { scenario: "empty" },
  "sandbox-form": { scenario: "empty", go: (page) => button(page, "Try the sandbox").click() },
  "add-form": { scenario: "some", go: (page) => adding(page) },
  "add-register": { scenario: "some", go: (page) => adding(page, "Register") },
  "add-credentials": { scenario: "some", go: (page) => adding(page, "Credentials") },
  "add-request": { scenario: "some", go: (page) => adding(page, "Scopes") },
  "add-template": { scenario: "some", go: (page) => adding(page, "", "GitHub") },
  "add-template-scopes": { scenario: "some", go: (page) => adding(page, "Scopes", "GitHub") },
  "add-tenant": { scenario: "some", go: (page) => adding(page, "", "Okta") },
  "add-discovered": { scenario: "some", go: discovering },
  "add-resource": { scenario: "some", go: (page) => resource(page) },
  "add-registration": { scenario: "some", go: (page) => resource(page, "Credentials") },
  "add-discovered-scopes": {
    scenario: "some",
    go: async (page) => {
      await discovering(page);
      for (let at = 0; at < 2; at++) await button(page, "Next").click();
      await page.fill("#client_id", "harbour-7f3a");
      await button(page, "Next").click();
    },
  },
  "add-undiscovered": {
    scenario: "some",
    go: async (page) => {
      await adding(page, "", "Another provider");
      await page.fill("#issuer", "harbour");
      await button(page, "Discover").click();
      await page.locator("#issuer-wrong").waitFor();
    },
  },
  "add-test": {
    scenario: "some",
    go: async (page) => {
      await adding(page, "Credentials", "The Grid");
      await button(page, "Test").click();
      await page.getByText("were reached").waitFor();
    },
  },
  "add-test-failed": {
    scenario: "some",
    go: async (page) => {
      await adding(page);
      await page.getByRole("button", { name: "Endpoints" }).click();
      await page.fill("#token_url", "https://down.acme.example/token");
      await button(page, "Test").click();
      await page.getByText("could not be reached").waitFor();
    },
  },
  "add-wrong": {
    scenario: "some",
    go: async (page) => {
      await adding(page);
      await page.getByRole("button", { name: "Endpoints" }).click();
      await page.fill("#token_url", "http://acme.example/token");
      await page.locator("form button[type=submit]").click();
      await page.locator("#token_url-wrong").waitFor();
    },
  },
  "add-missing": {
    scenario: "some",
    go: async (page) => {
      await adding(page);
      await page.locator("form button[type=submit]").click();
      await page.locator("#client_id-wrong").waitFor();
    },
  },
  connection: { scenario: "some" },
  "own-browser": {
    scenario: "some",
    go: async (page) => {
      await page.getByRole("button", { name: "default" }).click();
      await page.locator("#own-browser").scrollIntoViewIfNeeded();
    },
  },
  "connection-details": {
    scenario: "some",
    go: async (page) => {
      await page.evaluate(() => {
        const fields = [
          ["actions", "initiate, status, cancel"],
          ["instructedAmount.currency", "EUR"],
          ["instructedAmount.amount", "123.50"],
          ["creditorName", "Merchant A"],
          ["creditorAccount.iban", "DE02100100109307118603"],
        ].map(([name, value]) => ({ name, value }));
        fake.data.details.c2.authorization_details = {
          details: [
            { type: "payment_initiation", fields },
            { type: "account_information", fields: [{ name: "actions", value: "read_balances" }] },
          ],
          comparison: "different",
        };
      });
      await row(page, "Acme staging");
    },
  },
  "connection-staging": { scenario: "some", go: (page) => row(page, "Acme staging") },
  token: { scenario: "differing", go: (page) => tab(page, "Token") },
  "token-id": { scenario: "custom", go: (page) => tab(page, "Token") },
  "token-derived": {
    scenario: "custom",
    go: async (page) => {
      await tab(page, "Token");
      await button(page, "Get a token for another service").click();
      await page.locator("#audience").scrollIntoViewIfNeeded();
    },
  },
  "token-derived-removed": {
    scenario: "custom",
    go: async (page) => {
      await tab(page, "Token");
      await button(page, "Remove the token for berths").click();
    },
  },
  "token-jwt": { scenario: "grindery", go: (page) => tab(page, "Token") },
  "token-none": {
    scenario: "troubled",
    go: async (page) => {
      await row(page, "Night desk");
      await tab(page, "Token");
    },
  },
  renewing: { scenario: "some", go: (page) => row(page, "Bakery site") },
  expired: { scenario: "some", go: (page) => row(page, "Old portfolio") },
  menu: { scenario: "some", go: (page) => button(page, "More actions").click() },
  palette: {
    scenario: "some",
    go: async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").waitFor();
    },
  },
  "palette-typed": {
    scenario: "many",
    go: async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("site 02");
      await page.keyboard.press("ArrowDown");
    },
  },
  "palette-nothing": {
    scenario: "some",
    go: async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("xyzzy");
    },
  },
  disconnect: {
    scenario: "some",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByRole("menuitem", { name: "Disconnect…" }).click();
    },
  },
  "token-copied": { scenario: "some", go: (page) => button(page, "Copy token").click() },
  connected: {
    scenario: "waiting",
    go: async (page) => {
      await page.locator(".link", { hasText: "Acme Sites" }).click();
      await page.evaluate(() => {
        const [attempt] = fake.data.attempts;
        fake.tell({ kind: "attempt", value: { ...attempt, phase: "done", connection_id: "c1" } });
      });
      await page.getByText("Connected as").first().waitFor();
      await page.waitForTimeout(500);
    },
  },
  "signed-in-elsewhere": {
    scenario: "waiting",
    go: async (page) => {
      await button(page, "Activity").click();
      await page.evaluate(() => {
        const [attempt] = fake.data.attempts;
        const other_account = {
          connection_id: "c1",
          connection: "Acme production",
          account: "Amélie Renard",
          signed_in: "Bo Lind",
          kept_as: "Acme staging",
        };
        const done = { ...attempt, phase: "done" };
        fake.tell({ kind: "attempt", value: { ...done, id: "first", app_id: "acme-shop", connection_id: "c3" } });
        fake.tell({ kind: "attempt", value: { ...done, connection_id: "c2", other_account } });
      });
      await page.getByText("Another account signed in").waitFor();
    },
  },
  "sign-in-options": {
    scenario: "custom",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByRole("menuitem", { name: "Reconnect with options…" }).click();
      await button(page, "Sign-in options").click();
      await page.fill("#max_age", "1h");
      await button(page, "Connect").click();
      await page.locator("#max_age-wrong").waitFor();
    },
  },
  shortcuts: {
    scenario: "some",
    go: async (page) => {
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
    },
  },
  activity: { scenario: "some", go: (page) => tab(page, "Activity") },
  "activity-all": { scenario: "many", go: (page) => button(page, "Activity").click() },
  ...Object.fromEntries(
    ["General", "Sign-in", "Network", "Refresh", "Vault", "Teams", "Data", "Hooks", "Diagnostics", "About"].map(
      (group) => [`settings-${group.toLowerCase()}`, { scenario: "some", go: (page) => settings(page, group) }],
    ),
  ),
  "settings-set": {
    scenario: "some",
    go: async (page) => {
      await page.evaluate(() => {
        fake.data.settings = { ...fake.data.settings, certificates: "/etc/ssl/certs/company.pem", tray: true };
        fake.data.agrees = false;
      });
      await settings(page, "Sign-in");
      await page.fill("#browser", "firefox -P work");
      await page.keyboard.press("Enter");
      await page.getByText("Not changed").waitFor();
    },
  },
  "settings-saved": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Refresh");
      await page.selectOption("#margin", "one_hour");
      await page.getByText("Saved").waitFor();
    },
  },
  "settings-wrong": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Network");
      await page.fill("#proxy", "proxy.example");
      await page.keyboard.press("Enter");
      await page.locator("#proxy-wrong").waitFor();
    },
  },
  "settings-warning": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Network");
      await page.fill("#proxy", "http://nowhere.example:3128");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
    },
  },
  "settings-passphrase": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Vault");
      await button(page, "Use a passphrase").click();
      await page.fill("#passphrase", "harbour");
    },
  },
  "settings-locked": {
    scenario: "some",
    go: async (page) => {
      await page.evaluate(() => (fake.data.protection = "passphrase"));
      await settings(page, "Vault");
      await button(page, "Lock now").click();
      await page.locator(".notice").waitFor();
    },
  },
  "settings-lock": {
    scenario: "some",
    go: async (page) => {
      await page.evaluate(() => (fake.data.protection = "passphrase"));
      await settings(page, "Vault");
    },
  },
  "settings-hook-set": {
    scenario: "some",
    go: async (page) => {
      await page.evaluate(() => {
        fake.data.hooks = [
          { id: "1", event: "refreshed", command: "/home/amelie/bin/reload-sync --quiet", last_run: null },
          {
            id: "2",
            event: "needs_attention",
            command: "/usr/bin/notify",
            last_run: { at: "2026-03-02T11:00:00Z", failure: "exited with 1" },
          },
          { id: "3", event: null, command: null, last_run: null },
        ];
      });
      await settings(page, "Hooks");
      await page.fill("#hook-command", "gone");
      await button(page, "Add hook").click();
      await page.locator("#hook-command-wrong").waitFor();
    },
  },
  "teams-several": { scenario: "teams", go: (page) => settings(page, "Teams") },
  "teams-create-wrong": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Teams");
      await button(page, "Create team…").click();
      await page.fill("#team-name", "Harbour");
      await page.fill("#team-member", "Amélie");
      await page.fill("#team-url", "mysql://db");
      await button(page, "Create team").click();
      await page.locator("#team-url-wrong").waitFor();
    },
  },
  "teams-join": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Teams");
      await button(page, "Join team…").click();
      await page.fill("#team-invitation", "grapnel-invitation-passphrase");
      await page.locator("#team-passphrase").waitFor();
    },
  },
  "teams-invite": {
    scenario: "team",
    go: async (page) => {
      await settings(page, "Teams");
      await button(page, "Invite to Harbour").click();
    },
  },
  "teams-invited": {
    scenario: "team",
    go: async (page) => {
      await settings(page, "Teams");
      await button(page, "Invite to Harbour").click();
      await page.fill("#invite-name", "Chandra");
      await page.fill("#invite-key", "age1abc");
      await button(page, "Invite").click();
      await button(page, "Copy invitation").waitFor();
    },
  },
  "teams-worker": {
    scenario: "team",
    go: async (page) => {
      await settings(page, "Teams");
      await button(page, "Invite to Harbour").click();
      await page.fill("#invite-name", "deploy");
      await page.getByRole("radio", { name: "Worker" }).click();
      await button(page, "Make worker key").click();
      await button(page, "Copy key").waitFor();
    },
  },
  "teams-rolled-back": { scenario: "team-rolled-back", go: (page) => settings(page, "Teams") },
  "teams-url": {
    scenario: "team",
    go: async (page) => {
      await settings(page, "Teams");
      await button(page, "Database URL of Harbour…").click();
      await page.fill("#change-url", "mysql://db");
      await button(page, "Replace").click();
      await page.locator("#change-url-wrong").waitFor();
    },
  },
  "shared-rolled-back": { scenario: "team-rolled-back" },
  "teams-unreachable": { scenario: "team-pending", go: (page) => settings(page, "Teams") },
  "teams-remove": {
    scenario: "team",
    go: async (page) => {
      await settings(page, "Teams");
      await button(page, "Remove Bo…").click();
    },
  },
  "shared-connection": { scenario: "team" },
  "shared-unreachable": { scenario: "team-unreachable" },
  "shared-removed": { scenario: "team-removed" },
  "shared-pending": { scenario: "team-pending" },
  "shared-conflict": { scenario: "team-conflict" },
  "shared-activity": { scenario: "team", go: (page) => tab(page, "Activity") },
  "shared-share": {
    scenario: "team-to-share",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByText("Share with team…").click();
      await page.locator("#share-team").waitFor();
    },
  },
  "shared-disconnect": {
    scenario: "team",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByText("Disconnect…").click();
    },
  },
  "settings-diagnosed": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Diagnostics");
      await button(page, "Run diagnostics").click();
      await button(page, "Copy diagnostics").waitFor();
    },
  },
  "settings-notices": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "About");
      await button(page, "Show notices").click();
    },
  },
  "sandbox-stopped": { scenario: "sandbox-stopped" },
  environments: { scenario: "environments" },
  forty: { scenario: "forty" },
  "forty-attention": {
    scenario: "forty",
    go: (page) => page.getByRole("button", { name: /^Needs attention/ }).click(),
  },
  "forty-selected": {
    scenario: "forty",
    go: async (page) => {
      await page.locator(".link", { hasText: "Client 3" }).first().click();
      await page.keyboard.press("Control+a");
      await page.evaluate(() =>
        fake.fail("refresh", {
          code: "provider_unavailable",
          message: "Grigora answered 503.",
          meaning: "Your token works until it expires. Nothing was lost.",
          hint: "Try again in a few minutes.",
          field: null,
        }),
      );
      await button(page, "Refresh").click();
      await page.getByText(/failed\.$/).waitFor();
    },
  },
  "forty-removing": {
    scenario: "forty",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByRole("menuitem", { name: "Go to app" }).click();
      await page.getByRole("button", { name: /^Remove app/ }).click();
      await button(page, "Undo").waitFor();
    },
  },
  "row-menu": {
    scenario: "forty",
    go: (page) => page.locator(".link", { hasText: "Client 3" }).first().click({ button: "right" }),
  },
  compact: {
    scenario: "forty",
    go: async (page) => {
      await settings(page, "General");
      await page.getByText("Compact").click();
      await row(page, "Client 3");
    },
  },
  unsaved: {
    scenario: "app",
    go: async (page) => {
      await row(page, "Acme Sites");
      await page.locator(".top").getByRole("button", { name: "Edit" }).click();
      await page.fill("#name", "Acme pages");
      await button(page, "Settings").click();
    },
  },
  "settings-export": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Data");
      await button(page, "Export…").click();
    },
  },
  "settings-import": {
    scenario: "some",
    go: async (page) => {
      await settings(page, "Data");
      await button(page, "Import…").click();
    },
  },
  "connection-edit": {
    scenario: "forty",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByRole("menuitem", { name: "Edit details…" }).click();
    },
  },
  "connection-noted": {
    scenario: "some",
    go: async (page) => {
      await page.evaluate(() =>
        fake.commands.editConnection("c1", {
          label: "Harbour office",
          note: "Ask Ines before you reconnect: the consent page wants her account.\n\nContract until March.",
          pinned: true,
        }),
      );
      await page.getByRole("heading", { name: "Note" }).waitFor();
    },
  },
  "forty-options": { scenario: "forty", go: (page) => button(page, "List options").click() },
  "environment-form": {
    scenario: "environments",
    go: async (page) => {
      await row(page, "Acme Meters");
      await button(page, "Edit").click();
      await page.locator("#environment").scrollIntoViewIfNeeded();
    },
  },
  app: { scenario: "app" },
  "app-change": {
    scenario: "app",
    go: async (page) => {
      await row(page, "Acme Sites");
      await button(page, "Edit").click();
      await page.locator("#client_secret").waitFor();
    },
  },
  "app-connected": {
    scenario: "some",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByRole("menuitem", { name: "Go to app" }).click();
    },
  },
  "connect-start": {
    scenario: "empty",
    go: async (page) => {
      await button(page, "Try the sandbox").click();
      await page.locator("form .primary").click();
      await button(page, "Connect").waitFor();
    },
  },
  ...Object.fromEntries(
    ["waiting", "exchanging", "identifying", "denied", "failed", "timed_out"].map((name) => [
      name,
      { scenario: name, go: (page) => page.locator(".link", { hasText: "Acme Sites" }).click() },
    ]),
  ),
  device: {
    scenario: "device",
    go: async (page) => {
      await page.locator(".link", { hasText: "Harbour jobs" }).click();
      await page.getByText("WDJB-MJHT").waitFor();
    },
  },
  itself: { scenario: "itself", go: (page) => row(page, "Harbour jobs") },
  "itself-token": {
    scenario: "itself",
    go: async (page) => {
      await row(page, "Harbour jobs");
      await tab(page, "Token");
    },
  },
  "add-grant": {
    scenario: "some",
    go: async (page) => {
      await discovering(page);
      await page.getByLabel("Grant type").selectOption("client_credentials");
    },
  },
  browser: {
    scenario: "browser",
    go: async (page) => {
      await row(page, "Acme Shop");
      await button(page, "Connect").click();
      await page.getByText("The sign-in page didn’t open").waitFor();
    },
  },
  "way-back-lost": {
    scenario: "way-back-lost",
    go: async (page) => {
      await button(page, "Connect").click();
      await button(page, "Continue anyway").waitFor();
    },
  },
  exchanges: { scenario: "exchanged", go: (page) => tab(page, "Requests") },
  "exchange-failed": {
    scenario: "exchanged",
    go: async (page) => {
      await tab(page, "Requests");
      await page.locator(".entry", { hasText: "Token refresh" }).first().click();
      await page.getByText("400 Bad Request").waitFor();
    },
  },
  "requests-unsent": {
    scenario: "exchanged",
    go: async (page) => {
      await tab(page, "Requests");
      await page.fill("#request-path", "post/create");
      await page.locator(".entry", { hasText: "project/list" }).click();
      await button(page, "Back to the unsent request").waitFor();
    },
  },
  "requests-marked": {
    scenario: "requested",
    go: async (page) => {
      await request(page, "project/list");
      await page.getByRole("tree").focus();
      await page.keyboard.press("Control+f");
      await page.keyboard.type("acme");
      await page.locator("mark").first().waitFor();
    },
  },
  "exchange-unanswered": {
    scenario: "exchanged",
    go: async (page) => {
      await tab(page, "Requests");
      await page.locator(".entry", { hasText: "No response" }).first().click();
    },
  },
  "exchange-callback": {
    scenario: "exchanged",
    go: async (page) => {
      await tab(page, "Requests");
      await page.locator(".entry", { hasText: "Callback" }).first().click();
    },
  },
  "exchanges-empty": { scenario: "custom", go: (page) => tab(page, "Requests") },
  "activity-linked": { scenario: "exchanged", go: (page) => tab(page, "Activity") },
  projects: { scenario: "some", go: (page) => tab(page, "Browse") },
  browse: {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await page.locator("tbody tr").nth(2).click();
      await button(page, "Open").waitFor();
    },
  },
  "browse-month": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Shop");
      await page.getByRole("toolbar").getByRole("button").nth(20).click();
      await page.waitForTimeout(400);
    },
  },
  "browse-terms": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await page.locator("#status").click();
      await page.getByRole("option", { name: "Published" }).click();
      await button(page, "Reload").click();
      await button(page, "Filters").click();
      await page.selectOption("#filter_author", "Ines Duarte");
      await page.fill("#words_from", "600");
      await page.keyboard.press("Escape");
    },
  },
  "browse-columns": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await button(page, "Columns").click();
      await page.getByRole("checkbox", { name: "Created" }).check();
      await page.getByRole("checkbox", { name: "Published" }).check();
    },
  },
  "browse-export": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await button(page, "Export").click();
      await button(page, "CSV…").click();
      await button(page, "Open folder").waitFor();
    },
  },
  "browse-progress": {
    scenario: "slow",
    go: async (page) => {
      await page.evaluate(() => {
        fake.data.wasRead = true;
      });
      await pick(page, "Acme Journal");
      await page.waitForTimeout(400);
      await page.evaluate(() =>
        fake.tell({
          kind: "progress",
          value: { connection_id: "c1", project_id: "p1", bytes: 12_400_000, of: 30_000_000, posts: 0 },
        }),
      );
    },
  },
  "browse-offline": {
    scenario: "offline",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await button(page, "Reload").click();
      await page.getByText("Showing the offline copy").waitFor();
    },
  },
  "projects-offline": { scenario: "offline", go: (page) => tab(page, "Browse") },
  search: {
    scenario: "offline",
    go: async (page) => {
      await tab(page, "Browse");
      await page.fill("#search", "rope");
      await page.locator(".hit").first().waitFor();
    },
  },
  "browse-project": { scenario: "some", go: (page) => pick(page, "Acme Shop") },
  "browse-about": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Shop");
      await button(page, "Project details").click();
    },
  },
  "browse-hidden-chart": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Shop");
      await button(page, "Posts by month updated").click();
      await page.waitForTimeout(200);
      await page.evaluate(() => localStorage.removeItem("posts-chart"));
    },
  },
  "browse-calendar": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Shop");
      await button(page, "Filters").click();
      await page.fill("#words_from", "2000");
      await page.fill("#words_to", "1000");
      await page.fill("#updated_to", "2026-11-12");
      await button(page, "Choose date: Updated to").click();
      await page.getByRole("gridcell", { selected: true }).waitFor();
    },
  },
  "browse-filtered": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await page.fill("#filter_title", "rope");
      await button(page, "Filters").click();
      await page.fill("#updated_from", "2026-01-01");
      await page.fill("#published_to", "2026-1");
      await page.locator("#updated_to").focus();
      await page.waitForTimeout(400);
    },
  },
  "browse-nothing": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await page.fill("#filter_title", "xyzzy");
      await page.getByText("No posts match").waitFor();
    },
  },
  "browse-empty": { scenario: "some", go: (page) => pick(page, "Spring campaign") },
  "browse-choose": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await page.locator("#project").click();
    },
  },
  "browse-slow": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await page.evaluate(() => fake.wait("loadPosts", 1e9));
      await button(page, "Reload").click();
      await page.waitForTimeout(500);
    },
  },
  "browse-error": {
    scenario: "some",
    go: async (page) => {
      await pick(page, "Acme Journal");
      await page.evaluate(() => fake.use("wire"));
      await button(page, "Reload").click();
      await page.getByText("answered 503").waitFor();
    },
  },
  "projects-error": { scenario: "wire", go: (page) => tab(page, "Browse") },
  "projects-slow": {
    scenario: "slow",
    go: async (page) => {
      await tab(page, "Browse");
      await page.waitForTimeout(500);
    },
  },
  refreshing: { scenario: "slow", go: (page) => button(page, "Refresh now").click() },
  "refresh-error": { scenario: "wire", go: (page) => button(page, "Refresh now").click() },
  ...Object.fromEntries(
    ["Acme production", "Bakery site", "Greenhouse", "Night desk", "Old portfolio", "Without an end"].map((name) => [
      `trouble-${name.split(" ")[0].toLowerCase()}`,
      { scenario: "troubled", go: (page) => row(page, name) },
    ]),
  ),
  ...Object.fromEntries(
    ["The Grid", "GroveStreams", "Grindery"].map((name) => [
      `add-${name.split(" ").pop().toLowerCase()}`,
      { scenario: "some", go: (page) => adding(page, "Credentials", name) },
    ]),
  ),
  "add-loopback": {
    scenario: "some",
    go: async (page) => {
      await adding(page, "Register", "The Grid");
      await page.getByRole("radio", { name: "Loopback (127.0.0.1)" }).click();
    },
  },
  "add-scopes": {
    scenario: "some",
    go: async (page) => {
      await adding(page, "Scopes", "The Grid");
      await page.getByRole("checkbox", { name: "content_management" }).click();
      await page.locator("#scopes").scrollIntoViewIfNeeded();
    },
  },
  "import-start": { scenario: "some", go: importing },
  "import-review": {
    scenario: "some",
    go: async (page) => {
      await importing(page);
      await button(page, "Choose file…").click();
    },
  },
  "import-missing": {
    scenario: "some",
    go: async (page) => {
      await importing(page);
      await button(page, "Choose file…").click();
      await page.getByRole("radio", { name: "Acme API 2" }).click();
      await page.locator("form .primary").click();
      await page.locator("#client_id-wrong").waitFor();
    },
  },
  "import-unknown": {
    scenario: "some",
    go: async (page) => {
      await importing(page);
      await page.fill("#pasted", "shopping list");
      await button(page, "Read text").click();
    },
  },
  "app-menu": {
    scenario: "app",
    go: async (page) => {
      await row(page, "Acme Sites");
      await button(page, "More actions").click();
    },
  },
  duplicate: {
    scenario: "app",
    go: async (page) => {
      await row(page, "Acme Sites");
      await button(page, "More actions").click();
      await page.getByRole("menuitem", { name: "Duplicate app" }).click();
    },
  },
  "app-registered": { scenario: "registered" },
  "app-registered-menu": { scenario: "registered", go: (page) => button(page, "More actions").click() },
  "app-renew": { scenario: "registered", go: (page) => button(page, "Register anew…").click() },
  "app-registered-removed": {
    scenario: "registered",
    go: async (page) => {
      await page.getByRole("button", { name: /^Remove/ }).click();
      await page.getByRole("checkbox").click();
    },
  },
  "add-jwt-bearer": {
    scenario: "some",
    go: async (page) => {
      await discovering(page);
      await page.getByLabel("Grant type").selectOption("jwt_bearer");
      await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Credentials" }).click();
    },
  },
  "step-up": { scenario: "some", go: (page) => request(page, "/admin") },
  "add-custom": {
    scenario: "some",
    go: async (page) => {
      await adding(page, "Register", "Another provider");
      await page.getByRole("radio", { name: "Paste manually" }).click();
    },
  },
  "add-client-key": {
    scenario: "some",
    go: async (page) => {
      await discovering(page);
      await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Credentials" }).click();
      await page.selectOption("#client_auth", "private_key_jwt");
    },
  },
  "edit-client-key": {
    scenario: "client_key",
    go: async (page) => {
      await row(page, "Harbour API");
      await button(page, "Edit").click();
      await page.getByText("The private key is in the vault").scrollIntoViewIfNeeded();
    },
  },
  "add-certificate": {
    scenario: "some",
    go: async (page) => {
      await discovering(page);
      await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: "Credentials" }).click();
      await page.selectOption("#client_auth", "self_signed_tls_client_auth");
    },
  },
  "edit-certificate": {
    scenario: "certificate",
    go: async (page) => {
      await row(page, "Harbour API");
      await button(page, "Edit").click();
      await page.getByText("Register the certificate").scrollIntoViewIfNeeded();
    },
  },
  "add-conventions": {
    scenario: "some",
    go: async (page) => {
      await adding(page, "Scopes", "The Grid");
      await page.getByRole("button", { name: "Advanced OAuth options" }).click();
      await page.selectOption("#require_state", "false");
      await page.locator("#require_state").scrollIntoViewIfNeeded();
    },
  },
  ...Object.fromEntries(
    ["grindery-waiting", "loopback-waiting", "paste-waiting"].map((name) => [
      name,
      { scenario: name, go: (page) => row(page, "Harbour") },
    ]),
  ),
  "paste-wrong": {
    scenario: "paste-waiting",
    go: async (page) => {
      await row(page, "Harbour");
      await page.fill("#pasted", "nonsense");
      await button(page, "Use this URL").click();
      await page.locator("#pasted-wrong").waitFor();
    },
  },
  "port-taken": { scenario: "port-taken", go: (page) => button(page, "Connect").click() },
  password: {
    scenario: "grovestreams-app",
    go: async (page) => {
      await button(page, "Other ways to sign in").click();
      await button(page, "Sign in with email and password instead").click();
    },
  },
  "connection-grindery": { scenario: "grindery" },
  "connection-thegrid": { scenario: "thegrid" },
  "connection-custom": { scenario: "custom" },
  "app-custom": {
    scenario: "custom",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByRole("menuitem", { name: "Go to app" }).click();
    },
  },
  things: {
    scenario: "thegrid",
    go: async (page) => {
      await tab(page, "Browse");
      await page.locator(".thing").first().click();
    },
  },
  "things-within": {
    scenario: "grindery",
    go: async (page) => {
      await tab(page, "Browse");
      await page.locator(".thing").first().click();
      await button(page, "Workflows").click();
      await page.locator(".thing").first().click();
    },
  },
  "things-error": { scenario: "things-error", go: (page) => tab(page, "Browse") },
  many: { scenario: "many" },
  "many-posts": {
    scenario: "many",
    go: async (page) => {
      await pick(page, "Project 2");
      await page.locator("table").focus();
      await page.keyboard.press("End");
    },
  },
  requests: { scenario: "some", go: (page) => tab(page, "Requests") },
  "requests-completion": {
    scenario: "some",
    go: async (page) => {
      await tab(page, "Requests");
      await page.locator("#request-path").fill("post");
      await page.keyboard.press("ArrowDown");
    },
  },
  "requests-body": {
    scenario: "requested",
    go: async (page) => {
      await tab(page, "Requests");
      await page.locator("#request-path").fill("create");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.locator("#request-body").fill('{\n  "project_id": "p1",');
      await button(page, "Headers none").click();
      await button(page, "Add header").click();
    },
  },
  "requests-response": {
    scenario: "requested",
    go: async (page) => {
      await page.evaluate(() => {
        fake.data.requestNotes = ["The access token was refreshed, and the request sent again."];
      });
      await request(page, "project/list");
      await page.getByRole("tree").waitFor();
    },
  },
  "requests-folded": {
    scenario: "requested",
    go: async (page) => {
      await request(page, "project/list");
      await page.getByRole("textbox", { name: "Search response" }).fill("acme");
      await page.getByText("1 of 4").waitFor();
      await button(page, "Next match").click();
      await page.getByRole("treeitem").nth(2).getByRole("button", { name: "Fold" }).click();
    },
  },
  "requests-large": {
    scenario: "requested",
    go: async (page) => {
      await request(page, "post/list");
      await page.getByRole("tree").focus();
      await page.keyboard.press("End");
      await page.getByText("1,000,002").waitFor();
    },
  },
  "requests-headers": {
    scenario: "requested",
    go: async (page) => {
      await request(page, "nothing/here");
      await page.getByRole("tab", { name: /^Headers/ }).click();
    },
  },
  "requests-binary": { scenario: "requested", go: (page) => request(page, "media/cover.webp") },
  "requests-sending": {
    scenario: "requested",
    go: async (page) => {
      await page.evaluate(() => fake.wait("sendApiRequest", 1e9));
      await request(page, "project/list");
      await page.waitForTimeout(600);
    },
  },
  "requests-error": {
    scenario: "requested",
    go: async (page) => {
      await page.evaluate(() =>
        fake.fail("sendApiRequest", {
          code: "provider_unavailable",
          message: "api.grigora.co could not be reached: connection refused.",
          meaning: "The request was not sent. Your tokens are unchanged.",
          hint: "Check the network, then try again.",
          field: null,
        }),
      );
      await request(page, "project/list");
      await page.getByRole("alert").waitFor();
    },
  },
  "requests-host": {
    scenario: "requested",
    go: async (page) => {
      await page.evaluate(() =>
        fake.fail("sendApiRequest", {
          code: "invalid_input",
          message: "evil.example is not an API host of this app.",
          meaning: "The token was not sent.",
          hint: "Use a path below the API base.",
          field: "url",
        }),
      );
      await request(page, "https://evil.example/project/list");
      await page.getByRole("alert").waitFor();
    },
  },
  "requests-menu": {
    scenario: "requested",
    go: async (page) => {
      await tab(page, "Requests");
      await button(page, "Request actions").click();
    },
  },
  "requests-save": {
    scenario: "requested",
    go: async (page) => {
      await tab(page, "Requests");
      await page.fill("#request-path", "post/list");
      await button(page, "Request actions").click();
      await page.getByRole("menuitem", { name: "Save request…" }).click();
      await page.fill("#request-name", "Latest posts");
      await page.keyboard.press("Enter");
      await page.locator("#request-name-wrong").waitFor();
    },
  },
  "requests-clear": {
    scenario: "requested",
    go: async (page) => {
      await tab(page, "Requests");
      await button(page, "Clear…").click();
    },
  },
  "requests-no-base": { scenario: "custom", go: (page) => tab(page, "Requests") },
  unwritable: { scenario: "unwritable" },
  opening: { scenario: "opening", go: (page) => page.waitForTimeout(700) },
  vault: { scenario: "vault" },
  "vault-locked": { scenario: "passphrase" },
  "vault-wrong": {
    scenario: "passphrase",
    go: async (page) => {
      await page.fill("#unlock", "wrong");
      await page.keyboard.press("Enter");
      await page.locator(".notice .wrong").waitFor();
    },
  },
  "remove-app": {
    scenario: "some",
    go: async (page) => {
      await button(page, "More actions").click();
      await page.getByRole("menuitem", { name: "Go to app" }).click();
      await page.getByRole("button", { name: /^Remove app/ }).click();
    },
  },
  "key-missing": { scenario: "key-missing" },
  "key-missing-anew": { scenario: "key-missing", go: (page) => button(page, "Reset vault…").click() },
  callback: {
    scenario: "some",
    go: (page) =>
      page.evaluate(() =>
        fake.tell({
          kind: "callback_refused",
          value: {
            code: "callback_unknown",
            message: "A callback arrived whose state belongs to no sign-in of this Grapnel.",
            meaning: "Nothing was changed.",
            hint: "If you were signing in, start again from the app.",
            field: null,
          },
        }),
      ),
  },
};

const sizes = [
  { name: "", width: 1280, height: 800, text: 100 },
  { name: "-900x600", width: 900, height: 600, text: 100 },
  { name: "-1100x720", width: 1100, height: 720, text: 100 },
  { name: "-1600x1000", width: 1600, height: 1000, text: 100 },
  { name: "-200", width: 1280, height: 800, text: 200 },
  { name: "-900x600-200", width: 900, height: 600, text: 200 },
  { name: "-1100x720-200", width: 1100, height: 720, text: 200 },
  { name: "-1600x1000-200", width: 1600, height: 1000, text: 200 },
];
const profile = mkdtempSync(join(tmpdir(), "shots-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  locale: "en-GB",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
let failed = 0;
const page = await context.newPage();
await page.addInitScript(() => localStorage.clear());
// As the shell does.
await page.addInitScript(() => Object.freeze(Object.prototype));
// Large text, as a person sets it for the whole system.
await page.addInitScript(() => {
  const text = new URLSearchParams(location.search).get("text");
  new MutationObserver((_, observer) => {
    if (!document.documentElement) return;
    document.documentElement.style.fontSize = `${text}%`;
    observer.disconnect();
  }).observe(document, { childList: true });
});
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) {
    failed += 1;
    console.error(`${message.type()}: ${message.text()}`);
  }
});
page.on("pageerror", (error) => {
  failed += 1;
  console.error(`page: ${error.stack}`);
});
for (const [name, shot] of Object.entries(shots).filter((_, at) => !part || at % part[1] === part[0])) {
  for (const size of sizes) {
    for (const theme of ["light", "dark"]) {
      const file = `${name}${size.name}-${theme}.png`;
      if (!only.test(file)) continue;
      try {
        await page.setViewportSize({ width: size.width, height: size.height });
        await page.emulateMedia({ colorScheme: theme });
        await page.goto(`${origin}/?scenario=${shot.scenario}&text=${size.text}`);
        await page.waitForTimeout(60);
        await shot.go?.(page);
        await page.mouse.move(0, 0);
        await page.waitForTimeout(260);
        await page.screenshot({ path: join(out, file) });
        // A scrollbar with nothing to scroll to.
        for (const wide of await page.evaluate(() =>
          [...document.querySelectorAll("*")]
            .filter(
              (one) =>
                /auto|scroll/.test(getComputedStyle(one).overflowX) &&
                one.scrollWidth > one.clientWidth &&
                one.clientWidth > 0 &&
                !one.querySelector("table") &&
                one.role !== "tree",
            )
            .map((one) => `${one.className} ${one.scrollWidth} > ${one.clientWidth}`),
        )) {
          failed += 1;
          console.error(`${file}: scrolls sideways: ${wide}`);
        }
        if (await page.evaluate(() => document.scrollingElement.scrollTop + document.body.scrollTop > 0)) {
          failed += 1;
          console.error(`${file}: the window itself is scrolled`);
        }
        if (process.env.AXE === "0") continue;
        await page.evaluate(axe);
        for (const found of await page.evaluate(
          async () =>
            (
              await axe.run(document, {
                rules: { region: { enabled: false }, "page-has-heading-one": { enabled: false } },
              })
            ).violations,
        )) {
          failed += 1;
          console.error(
            [`${file}: ${found.id}:`, ...found.nodes.map((node) => `${node.html} ${node.any[0]?.message ?? ""}`)].join(
              "\n  ",
            ),
          );
        }
      } catch (error) {
        failed += 1;
        console.error(`${file}: ${error.message}`);
      }
    }
  }
}
await context.close();
server.close();
rmSync(profile, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
