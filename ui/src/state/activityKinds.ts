// The kinds of activity: groups to filter by, the icon of each, and which are problems.

import type { Kind } from "../host";

export type Group = "all" | "signIn" | "refresh" | "token" | "apps" | "team";

const groups: Record<Exclude<Group, "all">, { icon: string; kinds: Kind[] }> = {
  signIn: {
    icon: "globe",
    kinds: [
      "sign_in_started",
      "signed_in",
      "other_account",
      "denied",
      "sign_in_ended",
      "callback_refused",
      "disconnected",
      "revoked",
      "revocation_delayed",
      "revocation_failed",
    ],
  },
  refresh: {
    icon: "refresh",
    kinds: ["renewed", "renewed_by_itself", "renewal_failed", "answer_lost", "renewal_refused"],
  },
  token: { icon: "copy", kinds: ["token_copied", "token_handed_out", "token_exchanged", "token_exchange_failed"] },
  apps: {
    icon: "app",
    kinds: [
      "app_added",
      "app_changed",
      "app_removed",
      "vault_moved",
      "exported",
      "imported",
      "hook_changed",
      "hook_failed",
    ],
  },
  team: { icon: "team", kinds: ["shared", "team_changed", "team_members", "team_failed"] },
};

/** Problems that pass, and those that a person has to see to. */
const passing: Kind[] = ["renewal_failed", "answer_lost", "revocation_delayed", "token_exchange_failed", "team_failed"];
const lasting: Kind[] = [
  "other_account",
  "denied",
  "callback_refused",
  "renewal_refused",
  "revocation_failed",
  "hook_failed",
];
/** Failed, cancelled or timed out: which of these, the entry says. */
const ended: Kind[] = ["sign_in_ended"];

/** The kinds that a filter stands for; none for all. */
export function kindsOf(group: Group, problems: boolean): Kind[] {
  const kinds = group === "all" ? Object.values(groups).flatMap(({ kinds }) => kinds) : groups[group].kinds;
  if (!problems) return group === "all" ? [] : kinds;
  return kinds.filter((kind) => [passing, lasting, ended].some((some) => some.includes(kind)));
}

/** The icon of a kind; only a problem has a colour. */
export function glyph(kind: Kind): { icon: string; tone: string } {
  if (passing.includes(kind)) return { icon: "s-retrying", tone: "is-retrying" };
  if (lasting.includes(kind)) return { icon: "s-reconnect", tone: "is-reconnect" };
  const own = Object.values(groups).find(({ kinds }) => kinds.includes(kind));
  return { icon: own?.icon ?? "app", tone: "" };
}
