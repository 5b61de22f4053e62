import type { ConnectionEventKind, Exported, ImportOutcome, Protection, Settings, CheckStatus } from "../host";
import type { SettingsGroup } from "../state/router.svelte";
import { count, number } from "./number";

export const settings = {
  title: "Settings",
  groups: {
    general: "General",
    sign_in: "Sign-in",
    network: "Network",
    refresh: "Refresh",
    vault: "Vault",
    teams: "Teams",
    data: "Data",
    hooks: "Hooks",
    diagnostics: "Diagnostics",
    about: "About",
  } satisfies Record<SettingsGroup, string>,
  theme: "Theme",
  system: "System",
  light: "Light",
  dark: "Dark",
  density: "Density",
  densities: { comfortable: "Comfortable", compact: "Compact" },
  size: "Text size",
  sizeNote: "Relative to the text size of your desktop.",
  larger: "Larger text",
  smaller: "Smaller text",
  usualSize: "Reset text size",
  percent: (percent: number) => `${number(percent)}%`,
  zoomed: (percent: number) => `Text size ${number(percent)}%`,
  optional: "optional",
  saved: "Saved",
  unchanged: "Not changed",
  browser: "Browser",
  program: "Command",
  proxy: "Proxy",
  certificates: "Additional trusted CAs",
  note: {
    browser:
      "Command that opens sign-in pages; the URL is appended. Leave blank for the system browser. " +
      "You’ll be asked to confirm a new command.",
    proxy:
      "Proxy for requests to providers: http, https, socks5 or socks5h. Never used for this computer or hosts in " +
      "NO_PROXY. Leave blank to use the system proxy. You’ll be asked to confirm a new proxy.",
  },
  checkingProxy: "Checking the proxy…",
  deepLinks: "Deep links",
  deepLinksNote:
    "Open Grapnel again after you authorize in the browser. Apps with the redirect method loopback or paste " +
    "don’t need them.",
  testDeepLink: "Test deep link",
  testingDeepLink: "Testing…",
  deepLinkWorks: "It returned to Grapnel.",
  redirects: "Redirect method of new apps",
  redirectsNote: "Unless the provider needs another. Each app has its own redirect URI; to change it, edit the app.",
  example: { browser: "firefox -P work", proxy: "http://proxy.example:3128" },
  noCertificates: "System CAs only.",
  certificatesNote: "A file in PEM or DER format. Needed if a corporate proxy inspects TLS traffic.",
  chooseFile: "Choose file…",
  removeFile: "Remove",
  copyFile: "Copy file path",
  margin: "Refresh before expiry",
  marginUsual: "5 minutes, or 20% of a shorter lifetime.",
  marginNote: "At most a third of the lifetime. Refreshes are spread out: some start up to 50% earlier.",
  margins: {
    usual: "Automatic",
    one_minute: "1 minute",
    five_minutes: "5 minutes",
    fifteen_minutes: "15 minutes",
    one_hour: "1 hour",
  } satisfies Record<Settings["margin"], string>,
  retries: "Failed refreshes",
  retriesNote:
    "Retried automatically: after about 10 seconds, then at doubling intervals of up to an hour. " +
    "If the provider asks for a longer wait (Retry-After), Grapnel waits that long.",
  expiring: "Expiring refresh tokens",
  expiringNote:
    "If a refresh token will expire, you’re notified 7 days before, or in the last quarter of a shorter lifetime.",
  switches: {
    notify: {
      label: "Notify me when a connection needs attention",
      note: "Once per problem; not for problems that resolve themselves.",
    },
    tray: {
      label: "Stay in the tray",
      note: "Closing the window hides it, and Grapnel keeps refreshing tokens. Quit from the tray menu.",
    },
    login: { label: "Start at login", note: "Starts without a window if Grapnel stays in the tray." },
  },
  noTray: "No system tray found: closing the window quits Grapnel.",
  folder: "Data folder",
  dataNote:
    "This folder holds apps, connections, history and offline content. " +
    "Secrets in it are encrypted; the key is stored elsewhere.",
  copyFolder: "Copy data folder path",
  openFolder: "Open folder",
};

export const hooks = {
  note:
    "Commands that run while this window or grapnel agent runs. The event is in their environment and, as JSON, on " +
    "standard input; no token is.",
  none: "No hooks.",
  event: "Event",
  events: {
    refreshed: "Refreshed",
    needs_attention: "Needs attention",
    connected: "Connected",
    disconnected: "Disconnected",
  } satisfies Record<ConnectionEventKind, string>,
  command: "Hook command",
  commandNote: "A program and its arguments; no shell reads them. You’ll be asked to confirm the command.",
  example: "/home/me/bin/reload-sync",
  add: "Add hook",
  added: "Hook added",
  declined: "Not added",
  noEvent: "No event",
  unverified: "This command could not be verified and does not run. Another program may have changed it. Remove it.",
  never: "Never run",
  ok: "succeeded",
  test: "Test",
  testNamed: (command: string) => `Test ${command}`,
  succeeded: "The hook succeeded.",
  failed: (failure: string) => `The hook ${failure}.`,
  remove: "Remove…",
  removeNamed: (command: string) => `Remove ${command}…`,
  removeTitle: "Remove this hook",
  removeText: (command: string | null) =>
    command === null ? "It does not run any more." : `${command} does not run any more. The program itself stays.`,
  removeAction: "Remove",
  removed: "Hook removed",
};

export const vault = {
  protection: "Unlocked by",
  opens: {
    none: "Empty. The first secret creates a key in your system keyring.",
    keyring: "Unlocked automatically by your system keyring.",
    passphrase: "Unlocked with your passphrase each time Grapnel starts.",
  } satisfies Record<Protection, string>,
  lock: "Lock",
  lockNote:
    "Removes the key from memory. Until you unlock the vault, this window refreshes no tokens. A grapnel agent in a " +
    "terminal keeps its own key.",
  lockNow: "Lock now",
  locking: "Locking…",
  isLocked: "Locked",
  autoLock: "Lock automatically",
  autoLockNote: "After this time without a key press or click in this window.",
  autoLocks: {
    never: "Never",
    five_minutes: "After 5 minutes",
    fifteen_minutes: "After 15 minutes",
    one_hour: "After 1 hour",
  } satisfies Record<Settings["auto_lock"], string>,
  onSuspend: "Lock on suspend",
  onSuspendNote: "When the computer suspends or resumes.",
  use: "Use a passphrase",
  change: "Change passphrase",
  keyring: "Use system keyring",
  passphrase: "Passphrase",
  fresh: "New passphrase",
  again: "Confirm passphrase",
  note: "At least 12 characters. If you lose it, the vault can’t be recovered.",
  missing: (missing: number) => `${count(missing, "more character", "more characters")} needed.`,
  differs: "The passphrases don’t match.",
  short: "Use at least 12 characters.",
  seal: "Use this passphrase",
  sealing: "Re-encrypting…",
  lockedText: "Enter your passphrase to use your connections.",
  unlock: "Unlock",
  unlocking: "Unlocking…",
  reset: "Reset vault…",
};

export const doctor = {
  what: "Check this installation",
  note: "Data, vault, network, deep links and browser. The report contains no secrets and no names.",
  run: "Run diagnostics",
  running: "Running…",
  summary: (fine: number, attention: number, broken: number) => {
    const problems = [
      attention && count(attention, "warning", "warnings"),
      broken && count(broken, "error", "errors"),
    ].filter(Boolean);
    const checks = count(fine + attention + broken, "check", "checks");
    return `${checks}: ${problems.length ? problems.join(", ") : "no problems found"}.`;
  },
  copy: "Copy diagnostics",
  copied: "Diagnostics copied",
  verdict: { fine: "OK", attention: "Warning", broken: "Error" } satisfies Record<CheckStatus, string>,
  openGroup: (group: SettingsGroup) => `Open ${settings.groups[group]}`,
  showConnections: "Show connections",
};

export const archive = {
  title: "Export and import",
  passphrase: "File passphrase",
  passphraseNew: "At least 12 characters. It encrypts the file; without it, the file can’t be imported.",
  passphraseUsed: "The passphrase used for the export.",
  tokens: "Include tokens",
  moves: "Delete the tokens from this computer after export",
  exportTitle: "Export",
  exportNote: "Writes all apps and connections to an encrypted file.",
  what: "Contents",
  export: "Export…",
  save: "Save file…",
  exporting: "Exporting…",
  importNote: "Adds the apps and connections of such a file, after a preview.",
  importFrom: "Import…",
  open: "Choose file…",
  opening: "Opening…",
  import: "Import",
  without: "Import without tokens",
  importing: "Importing…",
  oneComputer:
    "These tokens work on one computer only: refreshing them on one invalidates the copy on the other, and the " +
    "provider may then revoke both. Import them only if the other computer no longer uses them.",
  stopHere:
    "These tokens work on one computer only. Before you import them on another computer, disconnect here, " +
    "or import without tokens.",
  wrote: (file: string, out: Exported) =>
    `Exported ${count(out.apps, "app", "apps")} and ${count(out.connections, "connection", "connections")} ` +
    `(${out.with_tokens} with tokens) to ${file}.`,
  became: { added: "New", renamed: "New, as", same: "Already exists", left_out: "Skipped" } satisfies Record<
    ImportOutcome,
    string
  >,
  done: "Imported.",
};

export const about = {
  version: "Version",
  product: (version: string) => `Grapnel ${version}`,
  copyVersion: "Copy version",
  licence: "Licence",
  report: "Report a problem",
  reportNote: "Open this page in your browser, and paste the report that Diagnostics copies.",
  openIssues: "Open the list of problems in the browser",
  openSource: "Open the source in the browser",
  issues: (source: string) => `${source}/issues`,
  copyIssues: "Copy URL for reports",
  source: "Source code",
  copySource: "Copy URL of the source",
  folder: "Data folder",
  copyFolder: "Copy data folder path",
  notices: "Third-party notices",
  noticesNote: "Licences and copyright notices of the software that Grapnel contains.",
  showNotices: "Show notices",
  hideNotices: "Hide notices",
};
