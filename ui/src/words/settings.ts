import type { Exported, Outcome, Protection, Settings, Verdict } from "../host";
import { count, number } from "./number";

export const settings = {
  title: "Settings",
  looks: "Looks",
  theme: "Theme",
  system: "As the system",
  light: "Light",
  dark: "Dark",
  size: "Text size",
  larger: "Larger text",
  smaller: "Smaller text",
  usualSize: "Reset text size",
  percent: (percent: number) => `${number(percent)}%`,
  zoomed: (percent: number) => `Text size ${number(percent)}%`,
  optional: "optional",
  kept: "Kept",
  left: "Left as it was",
  signingIn: "Signing in",
  browser: "Browser",
  program: "Program",
  network: "Network",
  proxy: "Proxy",
  certificates: "Certificate authorities to trust besides",
  note: {
    browser:
      "The program that opens sign-in pages; the address comes last. Empty: the system’s browser. You are asked before another is used.",
    proxy:
      "http, https, socks5 or socks5h. Requests to providers go through it, except to hosts in NO_PROXY; requests to this computer never do. Empty: as the system says. You are asked before another is used.",
  },
  example: { browser: "firefox -P work", proxy: "http://proxy.example:3128" },
  noCertificates: "None besides the usual ones.",
  certificatesNote: "A file in PEM or DER format. Needed where a company’s proxy looks into encrypted traffic.",
  chooseFile: "Choose a file…",
  removeFile: "Remove",
  copyFile: "Copy the path of the file",
  renewing: "Renewing",
  margin: "How long before their end tokens are renewed",
  margins: {
    usual: { label: "As suits their life", note: "Five minutes, or a fifth of a short life." },
    one_minute: { label: "1 minute" },
    five_minutes: { label: "5 minutes" },
    fifteen_minutes: { label: "15 minutes" },
    one_hour: {
      label: "1 hour",
      note: "Never more than a third of their life; some up to half as much earlier, so that not all go at once.",
    },
  } satisfies Record<Settings["margin"], { label: string; note?: string }>,
  beside: "Beside the window",
  besides: "When the window is closed or out of sight",
  switches: {
    notify: { label: "Notify me when a connection needs me", note: "Once for each, and never for what heals itself." },
    tray: {
      label: "Stay in the tray",
      note: "Closing the window then hides it, and Grapnel goes on renewing. Quit is in the tray’s menu.",
    },
    login: { label: "Start at login", note: "Without a window, if it stays in the tray." },
  },
  noTray: "This desktop shows no tray now: closing the window ends Grapnel.",
  data: "Data",
  dataNote:
    "Apps, connections, history and what was read are in this folder. Secrets are sealed in it; the key is not there.",
  copyFolder: "Copy the path of the data folder",
  openFolder: "Open folder",
};

export const vault = {
  title: "Vault",
  opens: {
    none: "Nothing is sealed yet. The first secret makes a key in your keyring.",
    keyring: "Opens with a key in your keyring.",
    passphrase: "Opens with your passphrase, each time Grapnel starts.",
  } satisfies Record<Protection, string>,
  use: "Use a passphrase",
  change: "Change the passphrase",
  keyring: "Use the keyring",
  passphrase: "Passphrase",
  fresh: "New passphrase",
  again: "Confirm passphrase",
  note: "At least 12 characters. Nobody can open the vault without it: write it down.",
  differs: "The passphrases don’t match.",
  short: "Use at least 12 characters.",
  seal: "Use this passphrase",
  sealing: "Sealing everything anew…",
  lockedText: "Enter your passphrase to use your connections.",
  unlock: "Unlock",
  unlocking: "Unlocking…",
  anew: "Begin anew…",
};

export const doctor = {
  title: "Diagnostics",
  look: "Check everything",
  looking: "Checking…",
  summary: (fine: number, attention: number, broken: number) => {
    const amiss = [
      attention && `${number(attention)} ${attention === 1 ? "needs" : "need"} attention`,
      broken && `${number(broken)} ${broken === 1 ? "is" : "are"} broken`,
    ].filter(Boolean);
    return `${count(fine + attention + broken, "check", "checks")}: ${amiss.length ? amiss.join(", ") : "no problems found"}.`;
  },
  copy: "Copy diagnostics",
  copied: "Diagnostics copied",
  verdict: { fine: "Fine", attention: "Attention", broken: "Broken" } satisfies Record<Verdict, string>,
};

export const archive = {
  title: "Export and import",
  passphrase: "Passphrase of the file",
  passphraseNote: "To export, at least 12 characters. To import, the passphrase that the file was exported with.",
  tokens: "With tokens",
  moves: "Delete the tokens here afterwards: another computer goes on with them",
  toExport: "to export",
  what: "Export",
  export: "Export…",
  exporting: "Exporting…",
  open: "Open to import…",
  opening: "Opening…",
  import: "Import",
  without: "Import without tokens",
  importing: "Importing…",
  oneComputer:
    "Only one computer can go on using these tokens: as soon as one renews, the other’s copy stops working, and the provider may then end both. Import them only if the computer they come from has stopped using them.",
  stopHere:
    "Only one computer can go on using these tokens. Before you import the file elsewhere with them, disconnect here; or import it without tokens.",
  wrote: (file: string, out: Exported) =>
    `Wrote ${file}: ${count(out.apps, "app", "apps")}, ${count(out.connections, "connection", "connections")}, ${out.with_tokens} with tokens.`,
  became: { added: "New", renamed: "New, as", same: "Here already", left_out: "Left out" } satisfies Record<
    Outcome,
    string
  >,
  done: "Imported.",
};
