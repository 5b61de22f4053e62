// What a person can do about an error beyond trying again, derived from its code, not from its text.

import type { Code, NextStep, Trouble } from "../host";
import type { SettingsGroup } from "./router.svelte";

export type Step = NextStep | "reconnect";

const byCode: { [code in Code]?: Step } = {
  invalid_client: "edit_app",
  port_taken: "edit_app",
  browser_failed: "open_settings",
  reconnect_needed: "reconnect",
  invalid_grant: "reconnect",
  access_denied: "reconnect",
  other_account: "reconnect",
  project_not_authorized: "reconnect",
};

/** The steps, the most useful first. */
export const nextSteps = ({ code, next_step }: Trouble): Step[] => [
  ...new Set(
    (next_step === "register_anew" ? [next_step, byCode[code]] : [byCode[code], next_step]).filter(
      (step) => step != null,
    ),
  ),
];

/** The page of the settings that `open_settings` means: beside the browser, only requests fail because of a setting. */
export const settingsGroupOf = ({ code }: Trouble): SettingsGroup =>
  code === "browser_failed" ? "sign_in" : "network";

/** The page of the settings that helps with the problem of a check in the diagnostics. */
export function settingsGroupOfCheck(code: Code): SettingsGroup | null {
  if (code === "browser_failed") return "sign_in";
  if (code === "provider_unavailable") return "network";
  if (/^(keyring|key|passphrase)_/.test(code)) return "vault";
  return code.startsWith("team_") ? "teams" : null;
}

/** The field of the app's form that an error is about. */
export const fieldOf = ({ code, field }: Trouble): string | undefined =>
  field ?? ({ invalid_client: "client_secret", port_taken: "port" } as { [code in Code]?: string })[code];

/** Errors that pass, or that Grapnel retries. */
const temporary: Code[] = [
  ...(["provider_unavailable", "answer_lost", "data_busy", "keyring_locked", "keyring_timed_out"] as const),
  "team_unreachable",
];

export const isTemporary = ({ code }: Trouble): boolean => temporary.includes(code);
