// Scenarios with teams.

import type { SharedConnection, Team } from "../bindings";
import { at, MINUTE, trouble, type FakeData } from "./data";
import { member, team } from "./teams";

const down = trouble(
  "team_unreachable",
  "The team’s database on db.harbour.example does not answer: connection refused.",
  "Nothing was lost: tokens are kept here, and valid ones are handed out.",
  "Check the network, or ask whoever runs the database.",
);

const removed = trouble(
  "team_refused",
  "You are no longer a member of this team.",
  "The tokens on this computer are those that were last shared with it.",
  "To rejoin, leave the team, then join with a new invitation from an owner.",
);

const shared = (of: Team, more: Partial<SharedConnection> = {}): SharedConnection => ({
  team_id: of.id,
  team_name: of.name,
  role: of.role,
  refreshed: { at: at(-4 * MINUTE), member: "Bo", machine: "bo-laptop" },
  pending_since: null,
  conflict: null,
  unreachable: of.unreachable,
  ...more,
});

/** Shares the first two connections. */
function sharing(data: FakeData, of: Team, more: Partial<SharedConnection> = {}): FakeData {
  of.connections = 2;
  data.teams = [of];
  for (const id of ["c1", "c2"]) {
    const details = data.details[id];
    if (!details) continue;
    details.shared = shared(of, more);
    details.summary = { ...details.summary, team: of.name };
    data.connections = data.connections.map((one) => (one.id === id ? details.summary : one));
  }
  return data;
}

const people = ["Amélie", "Bo", "Chandra", "Dmitri", "Eleni", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kwame"];

export const teamScenarios = (some: () => FakeData): { [name in string]: () => FakeData } => ({
  team: () => sharing(some(), team("Harbour")),
  "team-member": () => sharing(some(), team("Harbour", { role: "member" })),
  "team-to-share": () => ({ ...some(), teams: [team("Harbour")] }),
  "team-unreachable": () =>
    sharing(
      some(),
      team("Harbour", { reached_at: at(-31 * MINUTE), unreachable: { since: at(-30 * MINUTE), error: down } }),
    ),
  "team-removed": () =>
    sharing(
      some(),
      team("Harbour", {
        role: "member",
        reached_at: at(-31 * MINUTE),
        unreachable: { since: at(-30 * MINUTE), error: removed },
      }),
    ),
  "team-rolled-back": () =>
    sharing(some(), team("Harbour", { rolled_back: 2 }), {
      conflict: trouble(
        "team_rolled_back",
        "The team’s database was restored from an older backup: the connection’s record is older than what was " +
          "seen here.",
        "The tokens on this computer are kept, and valid ones are still handed out; nothing was taken from the " +
          "database.",
        "Ask the database’s administrator for a newer backup. Otherwise an owner shares the connection anew from a " +
          "computer that has its newest tokens: grapnel unshare, then grapnel share.",
      ),
    }),
  "team-pending": () =>
    sharing(
      some(),
      team("Harbour", {
        pending: 1,
        reached_at: at(-31 * MINUTE),
        unreachable: { since: at(-30 * MINUTE), error: down },
      }),
      { pending_since: at(-12 * MINUTE) },
    ),
  "team-conflict": () =>
    sharing(some(), team("Harbour"), {
      conflict: trouble(
        "team_conflict",
        "“Bo” refreshed this connection on bo-laptop while this computer could not reach the team.",
        "The team’s tokens are used now; those of this computer were dropped, and not revoked.",
        "If the provider ends the sign-in for it, reconnect.",
      ),
    }),
  teams: () => {
    const data = sharing(some(), team("Harbour"));
    const long = "Quarterly reports of every subsidiary of the harbour office, second attempt";
    data.teams?.push(
      team("Agency", {
        host: "postgres-cluster-eu-west-1.databases.a-very-long-name.agency.example",
        members: [
          ...people.map((name, n) => member(name, n < 2 ? "owner" : "member", 100 - n * 7, n === 0)),
          ...Array.from({ length: 20 }, (_, n) => member(`ci-runner-${n + 1}`, "worker", 20 - (n % 20))),
        ],
        connections: 41,
      }),
      team(long, { role: "member", unreachable: { since: at(-3 * 24 * 60 * MINUTE), error: down } }),
    );
    return data;
  },
});
