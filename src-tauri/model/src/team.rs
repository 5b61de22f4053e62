//! Teams: databases through which connections are shared, and what is known here of them. Without secrets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};
use crate::id::TeamId;

/// What a member of a team may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Uses tokens and signs in again; also invites, removes, and stops sharing.
    Owner,
    /// Uses tokens and signs in again.
    Member,
    /// Uses tokens, which refreshes them where necessary. Cannot read what only a sign-in needs.
    Worker,
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TeamMember {
    /// The random ID, by which the database knows it.
    pub id: String,
    /// The name, unique in the team.
    pub name: String,
    /// What it may do.
    pub role: TeamRole,
    /// Since when.
    pub since: Timestamp,
    /// Whether it is the member that this Grapnel is.
    pub is_self: bool,
}

/// A team that this Grapnel is a member of, as it was when its database was last reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Team {
    /// The ID.
    pub id: TeamId,
    /// The name, unique here.
    pub name: String,
    /// The host of its database.
    pub host: String,
    /// The name of its database; `None` if it is not known yet.
    pub database: Option<String>,
    /// The schema in that database.
    pub schema: String,
    /// The version of the schema when it was last opened.
    pub schema_version: Option<u32>,
    /// What this member may do.
    pub role: TeamRole,
    /// The members, owners first.
    pub members: Vec<TeamMember>,
    /// How many connections it shares with this Grapnel.
    pub connections: u32,
    /// How many of them have new tokens here that the team does not have yet.
    pub pending: u32,
    /// How many of them the database has in an older state than was seen, or lacks: it was restored from a backup.
    pub rolled_back: u32,
    /// When its database was last reached.
    pub reached_at: Option<Timestamp>,
    /// Since when it cannot be used, and why.
    pub unreachable: Option<TeamUnreachable>,
}

impl Team {
    /// What it means that the database has old records, if it has.
    pub fn rolled_back_error(&self) -> Option<Error> {
        let (count, all) = (self.rolled_back, self.connections);
        let message = format!(
            "The team’s database was restored from an older backup: {count} of {all} shared connections are older in \
             it than what was seen here, or gone."
        );
        (count > 0).then(|| {
            Error::new(Code::TeamRolledBack, message)
                .means(
                    "The tokens of those connections stay on this computer, and valid ones are still handed out; they \
                     are not refreshed.",
                )
                .hint(
                    "Ask the database’s administrator for a newer backup. Otherwise an owner shares them anew from \
                     the computer that has their newest tokens: grapnel unshare, then grapnel share.",
                )
        })
    }
}

/// A team whose database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TeamUnreachable {
    /// Since when.
    pub since: Timestamp,
    /// Why, as of the last attempt.
    pub error: Error,
}

/// What is shared of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct SharedConnection {
    /// The team.
    pub team_id: TeamId,
    /// Its name.
    pub team_name: String,
    /// What this member may do.
    pub role: TeamRole,
    /// Who got its tokens last.
    pub refreshed: Option<TeamRefresh>,
    /// Since when new tokens are only here: the team's database could not be written.
    pub pending_since: Option<Timestamp>,
    /// Why they could not be written, or what happened when two machines had new tokens.
    pub conflict: Option<Error>,
    /// Since when the team cannot be reached, and why.
    pub unreachable: Option<TeamUnreachable>,
}

/// Who got the tokens of a shared connection, by a sign-in or a refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TeamRefresh {
    /// When.
    pub at: Timestamp,
    /// The member's name.
    pub member: String,
    /// The name of the computer.
    pub machine: String,
}

/// An entry of what a team did with a shared connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TeamActivity {
    /// When.
    pub at: Timestamp,
    /// The member's name.
    pub member: String,
    /// The name of the computer.
    pub machine: String,
    /// What happened, as a sentence.
    pub text: String,
}

/// An invitation, for the person that it is for. It opens with that person's key or passphrase only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Invited {
    /// The new member.
    pub member: TeamMember,
    /// The invitation, as text; `None` for a worker, whose key is a secret.
    pub invitation: Option<String>,
    /// Whether it passes on the inviter's own database URL: the new member then uses the database as the same user.
    pub has_own_url: bool,
    /// The fingerprint of the public key that was given, if the person has one: theirs is to be the same.
    pub fingerprint: Option<String>,
    /// The fingerprint of the team, which the invited person is shown before joining.
    pub team_fingerprint: String,
}

/// What removing a member has done, and what it leaves to be done: the member may have kept what it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RemovedMember {
    /// The team without it.
    pub team: Team,
    /// Who was removed.
    pub member: TeamMember,
    /// The connections whose refresh tokens it had, by their names here: to end those, reconnect them.
    pub connections: Vec<String>,
    /// Members whose secret it made, by passphrase or as a worker's key, and may have kept: invite them anew.
    pub secrets_made: Vec<String>,
    /// Members who had left, and were removed with it.
    pub had_left: Vec<String>,
    /// How many records could not be decrypted, and stay unusable.
    pub unreadable: u32,
}

/// What an invitation says, before anything is asked of the team's database. Whoever knows a person's public key can
/// write one: the fingerprint is to be compared with the inviter's, aloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct OpenedInvitation {
    /// The host of its database; `None` if it does not say.
    pub host: Option<String>,
    /// The fingerprint of the key that the team's creator signs with.
    pub fingerprint: String,
    /// Files and folders of this computer that its database URL names. It cannot know them.
    pub local_paths: Vec<String>,
}

/// What joining a team has brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct JoinedTeam {
    /// The team.
    pub team: Team,
    /// The connections that it shares, by their names here.
    pub connections: Vec<String>,
    /// Those that could not be taken in, each with the reason.
    pub left_out: Vec<LeftOutConnection>,
}

/// A shared connection that could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LeftOutConnection {
    /// Its name in the team; `None` if the record could not be read.
    pub name: Option<String>,
    /// Why.
    pub error: Error,
}

/// What leaving a team has done here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LeftTeam {
    /// The connections that were removed here, by name. The team keeps them.
    pub connections: Vec<String>,
    /// Whether this member's keys were deleted from the database. An owner removes it from the list of members.
    pub keys_deleted: bool,
    /// Whether it was the only member, so that the team is left without any.
    pub was_last: bool,
}
