import type { Exported, Outcome, Protection, Verdict } from "../host";
import { count } from "./number";

export const settings = {
  title: "Settings",
  looks: "Looks",
  theme: "Theme",
  system: "As the system",
  light: "Light",
  dark: "Dark",
  optional: "optional",
  kept: "Kept",
  signingIn: "Signing in",
  browser: "Browser",
  network: "Network",
  proxy: "Proxy",
  certificates: "Certificate authorities to trust besides",
  note: {
    browser: "The program that opens sign-in pages; the address comes last. Empty: the system’s browser.",
    proxy: "Requests to providers go through it. Empty: as the system says. Requests to this computer never do.",
    certificates: "A file in PEM format. Needed where a company’s proxy looks into encrypted traffic.",
  },
  example: { browser: "firefox -P work", proxy: "http://proxy.example:3128", certificates: "/etc/ssl/company.pem" },
  beside: "Beside the window",
  besides: "When the window is closed or out of sight",
  switches: {
    notify: { label: "Notify me when a connection needs me", note: "Once for each, and never for what heals itself." },
    tray: { label: "Stay in the tray", note: "Closing the window then hides it, and Grapnel goes on renewing. Quit is in the tray’s menu." },
    login: { label: "Start at login", note: "Without a window, if it stays in the tray." },
  },
  noTray: "This desktop shows no tray now: closing the window ends Grapnel.",
  data: "Data",
  dataNote: "Apps, connections, history and what was read are in this folder. Secrets are sealed in it; the key is not there.",
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
  again: "The same passphrase again",
  note: "At least 12 characters. Nobody can open the vault without it: write it down.",
  differs: "The two passphrases differ.",
  seal: "Use this passphrase",
  sealing: "Sealing everything anew…",
  unlock: "Unlock",
  unlocking: "Unlocking…",
};

export const doctor = {
  title: "Diagnostics",
  look: "Check everything",
  looking: "Checking…",
  copy: "Copy diagnostics",
  copied: "Diagnostics copied",
  verdict: { fine: "Fine", attention: "Attention", broken: "Broken" } satisfies Record<Verdict, string>,
};

export const archive = {
  title: "Export and import",
  file: "File",
  place: "~/grapnel.age",
  passphrase: "Passphrase of the file",
  tokens: "With tokens",
  moves: "Delete the tokens here afterwards: another computer goes on with them",
  toExport: "to export",
  export: "Export",
  exporting: "Exporting…",
  open: "Open to import",
  opening: "Opening…",
  import: "Import",
  without: "Import without tokens",
  importing: "Importing…",
  oneComputer: "Only one computer can go on using these tokens: as soon as one renews, the other’s copy stops working, and the provider may then end both. Import them only if the computer they come from has stopped using them.",
  stopHere: "Only one computer can go on using these tokens. Before you import the file elsewhere with them, disconnect here; or import it without tokens.",
  wrote: (file: string, out: Exported) => `Wrote ${file}: ${count(out.apps, "app", "apps")}, ${count(out.connections, "connection", "connections")}, ${out.with_tokens} with tokens.`,
  became: { added: "New", renamed: "New, as", same: "Here already", left_out: "Left out" } satisfies Record<Outcome, string>,
  done: "Imported.",
};
