import type { LeftTeam, RemovedMember, Team, TeamRole, Trouble } from "../host";
import { count, list } from "./number";

export const teamWords = {
  lead:
    "A team shares connections through a PostgreSQL database of your own, so that all its computers use one sign-in " +
    "and refresh it once. Tokens are encrypted for the members: the database’s administrators cannot read them.",
  none: "No teams.",
  loading: "Loading teams…",
  create: "Create team…",
  join: "Join team…",
  createTitle: "Create a team",
  joinTitle: "Join a team",
  name: "Team name",
  nameNote: "The other members see it.",
  member: "Your name in the team",
  memberNote: "Shown with what you do, such as a refresh.",
  url: "Database URL",
  urlNote:
    "Stored encrypted, because it may hold a password. The user must be able to create a schema. TLS is required " +
    "unless the database is on this computer; for your own certificate authority, add sslrootcert=/path/to/ca.pem.",
  urlExample: "postgres://user:password@host/database",
  creating: "Creating the team in the database…",
  created: (name: string) => `Team ${name} created. Invite others, or share a connection from its page.`,
  createAction: "Create team",
  invitation: "Invitation",
  invitationNote: "Everything an owner of the team sent you. It opens only with your key or its passphrase.",
  passphrase: "Passphrase of the invitation",
  passphraseNote: "The owner who invited you knows it.",
  ownUrl: "Your own database URL",
  ownUrlNote: "Only if the invitation has none, or you have a database user of your own.",
  optional: "optional",
  joining: "Joining the team…",
  joinAction: "Join team",
  notJoined: "Not joined",
  joined: (name: string, connections: string[]) =>
    connections.length === 0
      ? `Joined ${name}. It shares no connections yet.`
      : `Joined ${name}. ${count(connections.length, "connection", "connections")} added: ${list(connections)}.`,
  leftOut: (name: string | null) => (name ? `${name} was not added:` : "A connection was not added:"),
  ownKey: "Your public key",
  ownKeyNote: "Send it to an owner of a team, who invites you with it. It is not secret.",
  showKey: "Show key",
  showingKey: "Reading the key…",
  copyKey: "Copy your public key",
  role: { owner: "Owner", member: "Member", worker: "Worker" } satisfies Record<TeamRole, string>,
  summary: (role: TeamRole, connections: number) =>
    `${teamWords.role[role]}, ${count(connections, "shared connection", "shared connections")}`,
  place: ({ database, host, schema, schema_version }: Team) =>
    `Database ${database === null ? "" : `${database} `}on ${host}, schema ${schema}` +
    (schema_version === null ? "" : `, version ${schema_version}`),
  changeUrl: "Database URL…",
  changeUrlOf: (team: string) => `Database URL of ${team}…`,
  urlTitle: (team: string) => `Database URL of ${team}`,
  newUrlNote:
    "For a new password or address. The team is read by it before it replaces the old one, which is never shown. " +
    "Other members replace their own.",
  checkingUrl: "Reading the team by the new URL…",
  replaceUrl: "Replace",
  urlChanged: "The database URL was replaced.",
  urlDeclined: "Not replaced",
  notCreated: "Not created",
  /** What it means that the database has older records than were seen; null if it has none. */
  rolledBack: ({ rolled_back, connections }: Team): Trouble | null =>
    rolled_back === 0
      ? null
      : {
          code: "team_rolled_back",
          field: null,
          message:
            `The team’s database was restored from an older backup: ${rolled_back} of ` +
            `${count(connections, "shared connection is", "shared connections are")} older in it than was seen here, ` +
            "or gone.",
          meaning:
            "The tokens of those connections stay on this computer, and valid ones are still handed out; they are " +
            "not refreshed.",
          hint:
            "Ask whoever runs the database for a newer backup. Otherwise an owner stops sharing them and shares them " +
            "again, on the computer that has their newest tokens.",
        },
  reached: "Last reached",
  unreached: (name: string, since: string) => `Team ${name} has been unavailable since ${since}`,
  unreachedMeans:
    "Connections stay on this computer, and valid tokens are still handed out. A refresh waits for the team.",
  unreachedNow: (name: string) => `Team ${name} can’t be reached now; sharing needs its database.`,
  pending: (n: number) =>
    `${count(n, "connection has", "connections have")} new tokens on this computer that the team doesn’t have yet. ` +
    "Grapnel writes them as soon as the database can be reached.",
  sync: "Sync now",
  syncNamed: (team: string) => `Sync now: ${team}`,
  syncing: "Asking the team’s database…",
  synced: "Up to date",
  members: (n: number) => count(n, "member", "members"),
  you: "you",
  since: "since",
  more: (n: number) => `Show all ${n}`,
  fewer: "Show fewer",
  filter: "Filter members",
  invite: "Invite…",
  inviteTo: (team: string) => `Invite to ${team}`,
  inviteTitle: (team: string) => `Invite to ${team}`,
  inviteName: "Name in the team",
  inviteNote: "The name of the person, or of the worker, such as “ci”.",
  roleTitle: "Role",
  roleNote: {
    member: "Uses tokens and signs in again.",
    owner: "Also invites, removes members and stops sharing.",
    worker: "For CI: uses tokens and refreshes them. Can’t read what only a sign-in needs.",
  } satisfies Record<TeamRole, string>,
  opens: "The invitation opens with",
  byKey: "The person’s public key",
  byKeyNote: "They copy it from Settings, Teams, or from “grapnel team key”.",
  byPassphrase: "A passphrase",
  byPassphraseNote: "Tell it to them in another way than the invitation.",
  key: "Public key",
  keyExample: "age1…",
  givenUrl: "A database URL for this person",
  givenUrlNote:
    "With a database user of their own. Without it, the invitation passes on your own URL and its password, which " +
    "they can use also after they were removed from the team.",
  newPassphrase: "Passphrase",
  passphraseRule: "At least 12 characters.",
  inviteAction: "Invite",
  makeKey: "Make worker key",
  inviting: "Writing to the team’s database…",
  declined: "Nobody was invited.",
  invited: (name: string) => `Invitation for ${name}`,
  invitedNote: "Send it to them, by mail for example. It is shown once.",
  fingerprint: "Fingerprint of the team",
  fingerprintNote:
    "They see the team’s fingerprint before they join. Tell it to them in another way than the invitation.",
  keyFingerprint: "Fingerprint of their key",
  ownUrlSent: "The invitation holds your own database URL with its password.",
  copyInvitation: "Copy invitation",
  worker: (name: string) => `Key for ${name}`,
  workerNote:
    "Store it as the secret GRAPNEL_TEAM_KEY of the worker, with the database URL as GRAPNEL_TEAM_URL. " +
    "The key can be copied until you close this; the clipboard is cleared after 45 seconds.",
  copyWorkerKey: "Copy key",
  done: "Done",
  remove: "Remove…",
  removeNamed: (name: string) => `Remove ${name}…`,
  removeTitle: (name: string, team: string) => `Remove ${name} from ${team}`,
  removeText:
    "The team’s keys change, and every shared connection is encrypted anew. Whatever this member has already read " +
    "stays usable to them: access tokens until they expire, refresh tokens until they are used or revoked. To be " +
    "sure, disconnect and reconnect what they could use, and change the database’s password.",
  removeAction: "Remove member",
  removing: "Changing the keys…",
  removed: (name: string, hadLeft: string[]) =>
    `${name} removed. The team’s keys were changed.` +
    (hadLeft.length ? ` Removed too, since they had left: ${list(hadLeft)}.` : ""),
  remains: (name: string) => `What ${name} had, they may have kept. What remains to be done:`,
  remaining: ({ connections, secrets_made, unreadable }: RemovedMember) => [
    "Change the password of the database user that they used, or drop that user.",
    ...(connections.length
      ? [
          `Disconnect and reconnect what they have the refresh tokens of: ${list(connections)}.`,
          "Replace the client secrets of those apps at the providers, and then here.",
        ]
      : []),
    ...(secrets_made.length ? [`Remove and invite anew those whose keys they made: ${list(secrets_made)}.`] : []),
    ...(unreadable
      ? [
          `${count(unreadable, "record", "records")} of the team could not be decrypted, and can’t be used any more. ` +
            "Share those connections anew.",
        ]
      : []),
  ],
  leave: "Leave…",
  leaveNamed: (team: string) => `Leave ${team}…`,
  leaveTitle: (team: string) => `Leave ${team}`,
  leaveText: (connections: number) =>
    connections === 0
      ? "You need a new invitation to come back. The team keeps its connections."
      : `${count(connections, "connection is", "connections are")} removed from this computer. The team keeps ` +
        "them, and nothing is revoked. You need a new invitation to come back.",
  leaveAlone: "You are its only owner: after that, nobody can invite or remove members.",
  leaveAction: "Leave team",
  left: (team: string, { keys_deleted, was_last }: LeftTeam) =>
    was_last
      ? `You left ${team}. You were its only member: whoever runs the database can drop its schema.`
      : keys_deleted
        ? `You left ${team}, and your keys were deleted there. Ask an owner to remove you: only that changes the keys.`
        : `You left ${team} on this computer. Its database was not changed: ask an owner to remove you.`,
};

export const sharedWords = {
  title: "Team",
  badge: (team: string) => `, shared with ${team}`,
  with: "Shared with",
  refreshed: "Last refresh",
  refreshedBy: (member: string, machine: string) => `by ${member} on ${machine}`,
  notRefreshed: "Not yet by a member",
  role: "Your role",
  toTeam: "Show team",
  share: "Share with team…",
  shareTitle: (name: string) => `Share ${name}`,
  shareText:
    "The members can then use its tokens and sign in again; each refresh happens once for all of them. Its tokens, " +
    "account and client credentials are stored in the team’s database, encrypted for the members.",
  team: "Team",
  whom: (members: string[]) => `It will be shared with ${list(members)}.`,
  whomMany: (members: string[], others: number) =>
    `It will be shared with ${members.join(", ")} and ${count(others, "other", "others")}.`,
  alone: "The team has no other members yet. Members who are invited later get it too.",
  noTeam: "You are in no team yet. Create one, or join one with an invitation.",
  toTeams: "Open team settings",
  shareAction: "Share",
  sharing: "Writing to the team’s database…",
  declined: "Not shared",
  shared: (team: string) => `Shared with ${team}.`,
  unshare: "Stop sharing…",
  unshareTitle: (name: string) => `Stop sharing ${name}`,
  unshareText: (team: string) =>
    `The connection stays on this computer, and is disconnected on the others of ${team}. What other members have ` +
    "already read, they may still use: to be sure, disconnect and reconnect it afterwards.",
  unshareAction: "Stop sharing",
  unshared: "No longer shared.",
  disconnectTeam: (team: string) =>
    `This connection is shared with ${team}, and ends for the whole team, on all its computers. To end it here only, ` +
    "cancel, and choose “Remove from this computer…”.",
  forget: "Remove from this computer…",
  forgetTitle: (name: string) => `Remove ${name} from this computer`,
  forgetText: (team: string) =>
    `It is forgotten here only: nothing is revoked, and ${team} keeps the connection for its other members.`,
  forgetAction: "Remove",
  pending: (since: string) => `New tokens are on this computer only, since ${since}.`,
  pendingMeans: (team: string) =>
    `They are used here. Until ${team} has them, other computers can’t refresh this connection safely.`,
  pendingHint: "Grapnel writes them as soon as the team’s database can be reached.",
  unreachable: (team: string, since: string) => `Team ${team} has been unavailable since ${since}.`,
  tryAgain: "Try again",
  trying: "Asking the team’s database…",
  activity: "Team activity",
  activityLoading: "Loading the team’s activity…",
  noActivity: "The team has done nothing with it yet.",
  by: (member: string, machine: string) => `${member}, ${machine}`,
};
