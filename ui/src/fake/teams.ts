// The fake host's teams.

import type { Event, NewMember, Team, TeamMember, TeamRole } from "../bindings";
import type { Answer } from "./answer";
import { at, MINUTE, trouble, type FakeData } from "./data";

const DAY = 24 * 60 * MINUTE;
const wrong = (field: string, message: string, hint: string | null = null) => ({
  ...trouble("invalid_input", message, "Nothing was changed.", hint),
  field,
});

export const member = (name: string, role: TeamRole = "member", days = 3, is_self = false): TeamMember => ({
  id: `m-${name}`,
  name,
  role,
  since: at(-days * DAY),
  is_self,
});

export const team = (name: string, more: Partial<Team> = {}): Team => ({
  id: `team-${name}`,
  name,
  host: "db.harbour.example",
  database: "grapnel",
  schema: "grapnel_team_4f2ac09b71d3",
  schema_version: 2,
  role: "owner",
  members: [member("Amélie", "owner", 40, true), member("Bo", "member", 12), member("ci", "worker", 2)],
  connections: 0,
  pending: 0,
  rolled_back: 0,
  reached_at: at(-MINUTE),
  unreachable: null,
  ...more,
});

export const activityOfTeam = [
  { at: at(-4 * MINUTE), member: "Bo", machine: "bo-laptop", text: "Refreshed because the token was needed." },
  { at: at(-67 * MINUTE), member: "ci", machine: "runner-7", text: "Refreshed because the token was needed." },
  { at: at(-2 * DAY), member: "Amélie", machine: "harbour", text: "Shared with the team." },
];

export function teaming(answer: Answer, data: () => FakeData, tell: (event: Event) => void) {
  const all = () => (data().teams ??= []);
  const of = (id: string) => {
    const found = all().find((one) => one.id === id);
    if (!found) throw trouble("not_found", "This team is not here any more.", null, "Join it again.");
    return found;
  };
  const changed = () => queueMicrotask(() => tell({ kind: "teams" }));
  const share = (id: string, shared: Team | null) => {
    const details = data().details[id];
    if (!details) throw trouble("not_found", "It does not exist any more.");
    const { id: team_id = "", name: team_name = "", role = "member" } = shared ?? {};
    const none = { refreshed: null, pending_since: null, conflict: null, unreachable: null };
    details.shared = shared && { team_id, team_name, role, ...none };
    details.summary = { ...details.summary, team: shared?.name ?? null };
    data().connections = data().connections.map((one) => (one.id === id ? details.summary : one));
    queueMicrotask(() => tell({ kind: "connection", value: id }));
  };
  const invite = (id: string, name: string, role: TeamRole, invitation: string | null) => {
    const found = of(id);
    if (found.members.some((one) => one.name === name))
      throw wrong("name", "The team has a member of this name already.", "Remove it first, or choose another name.");
    if (data().agrees === false) return null;
    const invited = member(name, role, 0);
    found.members = [...found.members, invited];
    changed();
    const [has_own_url, team_fingerprint] = [invitation !== null, "ABCD-EFGH-IJKL-MNOP"];
    return { member: invited, invitation, has_own_url, fingerprint: null, team_fingerprint };
  };
  return {
    teams: () => answer("teams", [], () => all()),
    teamKey: () => answer("teamKey", [], () => "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"),
    createTeam: (name: string, self: string, url: string, schema: string | null, call: number) =>
      answer(
        "createTeam",
        [name, self, url.length, schema],
        () => {
          if (!/^postgres(ql)?:/.test(url))
            throw wrong("database_url", "This is no URL of a PostgreSQL database.", "It begins with postgres://.");
          const created = team(name, { members: [member(self, "owner", 0, true)] });
          data().teams = [...all(), created];
          return created;
        },
        call,
      ),
    invitationNeedsPassphrase: (text: string) =>
      answer("invitationNeedsPassphrase", [text.length], () => {
        if (!text.startsWith("grapnel-invitation"))
          throw trouble("invalid_input", "This is not an invitation.", "Nothing was joined.", "Paste all of it.");
        return text.includes("passphrase");
      }),
    joinTeam: (text: string, passphrase: string | null, url: string | null, call: number) =>
      answer(
        "joinTeam",
        [text.length, passphrase?.length ?? null, url?.length ?? null],
        () => {
          if (data().agrees === false) return null;
          if (passphrase && passphrase !== "four or five words")
            throw wrong("passphrase", "This passphrase does not open the invitation.", "Ask who invited you.");
          const joined = team("Harbour", { role: "member", connections: 2 });
          joined.members = [member("Bo", "owner", 90), member("Amélie", "member", 0, true)];
          data().teams = [...all(), joined];
          const error = trouble("invalid_input", "The record was made by a newer Grapnel.", null, "Update Grapnel.");
          return {
            team: joined,
            connections: ["Acme production", "Journal"],
            left_out: text.includes("newer") ? [{ name: "Shop", error }] : [],
          };
        },
        call,
      ),
    syncTeam: (id: string, call: number) =>
      answer(
        "syncTeam",
        [id],
        () => {
          Object.assign(of(id), { unreachable: null, pending: 0, rolled_back: 0, reached_at: at(0) });
          for (const one of Object.values(data().details))
            if (one.shared?.team_id === id)
              one.shared = { ...one.shared, unreachable: null, pending_since: null, conflict: null };
          changed();
          return of(id);
        },
        call,
      ),
    changeTeamUrl: (id: string, url: string, call: number) =>
      answer(
        "changeTeamUrl",
        [id, url.length],
        () => {
          if (!/^postgres(ql)?:/.test(url))
            throw wrong("database_url", "This is no URL of a PostgreSQL database.", "It begins with postgres://.");
          if (data().agrees === false) return null;
          Object.assign(of(id), { host: "db2.harbour.example", unreachable: null, reached_at: at(0) });
          return of(id);
        },
        call,
      ),
    inviteMember: (id: string, { name, is_owner, key, passphrase, database_url }: NewMember) =>
      answer(
        "inviteMember",
        [id, name, is_owner, key, passphrase?.length ?? null, database_url?.length ?? null],
        () => {
          if (key !== null && !key.startsWith("age1"))
            throw wrong("key", "This is not a whole public key: one begins with age1.", "Copy all of it.");
          const invited = invite(id, name, is_owner ? "owner" : "member", `grapnel-invitation-${"k3Yw9".repeat(60)}`);
          return (
            invited && { ...invited, has_own_url: database_url === null, fingerprint: key && "QRST-UVWX-YZ23-4567" }
          );
        },
      ),
    inviteWorker: (id: string, name: string) =>
      answer("inviteWorker", [id, name], () => invite(id, name, "worker", null)),
    copyWorkerKey: () => answer("copyWorkerKey", [], () => null),
    dropWorkerKey: () => answer("dropWorkerKey", [], () => null),
    removeMember: (id: string, gone: string) =>
      answer("removeMember", [id, gone], () => {
        const member = of(id).members.find((one) => one.id === gone);
        if (!member) throw wrong("member", "This member is not in the team.", "Look at the members again.");
        of(id).members = of(id).members.filter((one) => one.id !== gone);
        changed();
        const connections = data().connections.flatMap((one) => (one.team === of(id).name ? [one.name] : []));
        const secrets_made = member.role === "owner" ? ["ci"] : [];
        return { team: of(id), member, connections, secrets_made, had_left: [], unreadable: 0 };
      }),
    leaveTeam: (id: string) =>
      answer("leaveTeam", [id], () => {
        const left = of(id);
        data().teams = all().filter((one) => one !== left);
        changed();
        const was_last = left.members.length === 1;
        return { connections: [], keys_deleted: left.unreachable === null, was_last };
      }),
    shareConnection: (id: string, to: string) =>
      answer("shareConnection", [id, to], () => {
        if (data().agrees === false) return false;
        share(id, of(to));
        return true;
      }),
    unshareConnection: (id: string) => answer("unshareConnection", [id], () => (share(id, null), null)),
    teamActivity: (id: string, call: number) =>
      answer("teamActivity", [id], () => data().teamActivity ?? activityOfTeam, call),
  };
}
