//! The results of `grapnel team`, `grapnel share` and `grapnel unshare`.

use std::fmt::Write as _;

use grapnel_model::error::{Code, Error};
use grapnel_model::team::{Invited, JoinedTeam, LeftTeam, RemovedMember, Team, TeamMember};
use jiff::Timestamp;
use serde::Serialize;

use crate::format::{counted, relative_time, words};
use crate::lookup::quoted;
use crate::print::CommandResult;
use crate::table::{fields, table};

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Created(pub(super) Team);

impl CommandResult for Created {
    fn text(&self, _: Timestamp) -> String {
        let name = &self.0.name;
        format!(
            "The team “{name}” was created on {}. You are its owner.\nShare a connection: grapnel share CONNECTION \
             --team {}\nInvite somebody: grapnel team invite NAME --key KEY, with the key that their grapnel team key \
             prints",
            self.0.host,
            quoted(name)
        )
    }
}

#[derive(Serialize)]
pub(super) struct Key {
    pub(super) key: String,
    pub(super) fingerprint: String,
}

impl CommandResult for Key {
    fn text(&self, _: Timestamp) -> String {
        self.key.clone()
    }
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct InvitedPerson(pub(super) Invited);

impl CommandResult for InvitedPerson {
    fn text(&self, _: Timestamp) -> String {
        self.0.invitation.clone().unwrap_or_default()
    }
}

/// The key of a worker: the one secret that a command prints besides tokens.
#[derive(Serialize)]
pub(super) struct WorkerKey {
    pub(super) member: TeamMember,
    pub(super) key: String,
}

impl CommandResult for WorkerKey {
    fn text(&self, _: Timestamp) -> String {
        self.key.clone()
    }
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Joined(pub(super) JoinedTeam);

impl CommandResult for Joined {
    fn text(&self, _: Timestamp) -> String {
        let JoinedTeam { team, connections, left_out } = &self.0;
        let mut text = format!("Joined the team “{}” as {}.", team.name, words(&team.role));
        if connections.is_empty() {
            text += " It shares no connection yet.";
        } else {
            let _ = write!(text, "\nShared connections: {}", connections.join(", "));
        }
        for one in left_out {
            let name = one.name.as_deref().map(|name| format!(" “{name}”")).unwrap_or_default();
            let _ = write!(text, "\nA connection{name} was left out: {}", one.error.message);
        }
        text
    }
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Teams(pub(super) Vec<Team>);

impl CommandResult for Teams {
    fn text(&self, now: Timestamp) -> String {
        if self.0.is_empty() {
            return "No teams. Create one: grapnel team create NAME. Or join one: grapnel team join"
                .to_owned();
        }
        let rows = self.0.iter().map(|team| {
            [
                team.name.clone(),
                team.host.clone(),
                words(&team.role),
                team.members.len().to_string(),
                team.connections.to_string(),
                state(team, now),
            ]
        });
        table(["TEAM", "DATABASE", "ROLE", "MEMBERS", "CONNECTIONS", "STATE"], rows)
    }
}

/// Whether the database can be reached, as far as is known.
fn state(team: &Team, now: Timestamp) -> String {
    let reached = match &team.unreachable {
        // It answers: the member was removed, or the role may not read it.
        Some(unreachable) if unreachable.error.code == Code::TeamRefused => unreachable.error.message.clone(),
        Some(unreachable) if unreachable.error.code.is_of_team_content() => {
            let what = if unreachable.error.code == Code::TeamForged { "forged" } else { "rolled back" };
            format!("{what}, noticed {}", relative_time(unreachable.since, now))
        }
        Some(unreachable) => format!("unreachable since {}", relative_time(unreachable.since, now)),
        None => "reachable".to_owned(),
    };
    let mut state = reached;
    for (count, what) in [(team.rolled_back, "rolled back"), (team.pending, "to write")] {
        if count > 0 {
            let _ = write!(state, ", {} {what}", counted(count, "connection"));
        }
    }
    state
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Members(pub(super) Vec<TeamMember>);

impl CommandResult for Members {
    fn text(&self, now: Timestamp) -> String {
        member_table(&self.0, now)
    }
}

fn member_table(members: &[TeamMember], now: Timestamp) -> String {
    let rows = members.iter().map(|member| {
        let own = if member.is_self { " (you)" } else { "" };
        [format!("{}{own}", member.name), words(&member.role), relative_time(member.since, now)]
    });
    table(["MEMBER", "ROLE", "SINCE"], rows)
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct TeamStatus(pub(super) Team);

impl CommandResult for TeamStatus {
    fn text(&self, now: Timestamp) -> String {
        let team = &self.0;
        let error =
            team.unreachable.as_ref().map(|now| now.error.clone()).or_else(|| team.rolled_back_error());
        let error = error.unwrap_or_else(|| Error::new(Code::TeamUnreachable, ""));
        let version = team.schema_version.map(|version| format!(", version {version}")).unwrap_or_default();
        let lines = fields([
            ("team", team.name.clone()),
            ("database", database(team)),
            ("schema", format!("{}{version}", team.schema)),
            ("your role", words(&team.role)),
            ("connections", team.connections.to_string()),
            ("state", state(team, now)),
            ("last reached", team.reached_at.map(|at| relative_time(at, now)).unwrap_or_default()),
            ("reason", error.message),
            ("impact", error.meaning.unwrap_or_default()),
            ("next step", error.hint.unwrap_or_default()),
        ]);
        format!("{lines}\n\n{}", member_table(&team.members, now))
    }
}

/// The name of the database and its host.
fn database(team: &Team) -> String {
    match &team.database {
        Some(name) => format!("{name} on {}", team.host),
        None => team.host.clone(),
    }
}

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Removed(pub(super) RemovedMember);

impl CommandResult for Removed {
    fn text(&self, _: Timestamp) -> String {
        let RemovedMember { team, member, connections, secrets_made, had_left, unreadable } = &self.0;
        let mut text = String::new();
        if !had_left.is_empty() {
            let _ = writeln!(text, "Removed too, since they had left: {}.", had_left.join(", "));
        }
        let _ = write!(
            text,
            "“{}” was removed from “{}”, and everything was encrypted anew. What the member had, it may have kept. \
             What remains to be done:\n- Change the password of the database user that it used, or drop that user.",
            member.name, team.name
        );
        if !connections.is_empty() {
            let _ = write!(
                text,
                "\n- Disconnect and reconnect what it has the refresh tokens of: {}.\n- Replace the client secrets of \
                 their apps at the providers, and then here.",
                connections.join(", ")
            );
        }
        if !secrets_made.is_empty() {
            let _ = write!(
                text,
                "\n- Remove and invite anew those whose keys it made: {}.",
                secrets_made.join(", ")
            );
        }
        if *unreadable > 0 {
            let _ = write!(
                text,
                "\n- {unreadable} of the team’s records could not be decrypted, and stay unusable. Share those \
                 connections anew."
            );
        }
        text
    }
}

#[derive(Serialize)]
pub(super) struct Left {
    pub(super) team: String,
    #[serde(flatten)]
    pub(super) left: LeftTeam,
}

impl CommandResult for Left {
    fn text(&self, _: Timestamp) -> String {
        let removed = match self.left.connections.as_slice() {
            [] => String::new(),
            names => format!(" Removed here: {}.", names.join(", ")),
        };
        let there = match (self.left.keys_deleted, self.left.was_last) {
            (_, true) => " You were its only member: whoever runs the database can drop its schema.",
            (true, false) => {
                " Your keys were deleted from its database. Ask an owner to remove you: only that changes the keys."
            }
            (false, false) => {
                " Its database was not changed. If you are still among its members, ask an owner to remove you."
            }
        };
        format!("Left the team “{}”.{removed}{there}", self.team)
    }
}

#[derive(Serialize)]
pub(super) struct Shared {
    pub(super) connection: String,
    pub(super) team: String,
}

impl CommandResult for Shared {
    fn text(&self, _: Timestamp) -> String {
        format!("“{}” is shared with the team “{}”.", self.connection, self.team)
    }
}

#[derive(Serialize)]
pub(super) struct Unshared {
    pub(super) connection: String,
}

impl CommandResult for Unshared {
    fn text(&self, _: Timestamp) -> String {
        format!(
            "“{}” is no longer shared. It stays on this computer. The others have had its tokens: to end those, \
             disconnect and reconnect it.",
            self.connection
        )
    }
}
