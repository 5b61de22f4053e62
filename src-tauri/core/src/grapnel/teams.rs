//! Teams and shared connections.
#![expect(clippy::unused_async, reason = "the operations follow")]

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::secret::SecretString;
use grapnel_model::team::{Invited, JoinedTeam, LeftTeam, Team, TeamActivity};

use super::Grapnel;
use crate::team::{Invite, Join, NewTeam};

impl Grapnel {
    /// The teams, as they were when their databases were last reached. Asks no database.
    pub fn teams(&self) -> Result<Vec<Team>> {
        Err(missing())
    }

    /// The public key of this person, by which others invite them. It is created when it is first asked for.
    pub async fn team_key(&self) -> Result<String> {
        Err(missing())
    }

    /// Creates a team in a database, with this person as its owner.
    pub async fn create_team(&self, _new: NewTeam) -> Result<Team> {
        Err(missing())
    }

    /// Invites a person or a worker. The second part is a worker's key, which is a secret.
    pub async fn invite(&self, _team: &TeamId, _invite: Invite) -> Result<(Invited, Option<SecretString>)> {
        Err(missing())
    }

    /// Whether an invitation needs a passphrase.
    pub fn invitation_needs_passphrase(&self, _invitation: &str) -> Result<bool> {
        Err(missing())
    }

    /// Joins a team, and takes in the connections that it shares.
    pub async fn join_team(&self, _join: Join) -> Result<JoinedTeam> {
        Err(missing())
    }

    /// Asks a team's database: reads the members, takes in what others changed, and writes what is pending.
    pub async fn sync_team(&self, _team: &TeamId) -> Result<Team> {
        Err(missing())
    }

    /// Removes a member, by its ID: the team's keys change, and every record is encrypted anew.
    pub async fn remove_member(&self, _team: &TeamId, _member: &str) -> Result<Team> {
        Err(missing())
    }

    /// Leaves a team: its connections are removed here. The team keeps them.
    pub async fn leave_team(&self, _team: &TeamId) -> Result<LeftTeam> {
        Err(missing())
    }

    /// Shares a connection with a team.
    pub async fn share(&self, _id: &ConnectionId, _team: &TeamId) -> Result<()> {
        Err(missing())
    }

    /// Stops sharing a connection. It stays here, and is disconnected on the other computers.
    pub async fn unshare(&self, _id: &ConnectionId) -> Result<()> {
        Err(missing())
    }

    /// Removes a shared connection here. The team keeps it; nothing is revoked.
    pub async fn forget_shared(&self, _id: &ConnectionId) -> Result<()> {
        Err(missing())
    }

    /// What the team did with a shared connection, newest first. Asks the team's database.
    pub async fn team_activity(&self, _id: &ConnectionId) -> Result<Vec<TeamActivity>> {
        Err(missing())
    }

    /// Takes in what other machines change, and writes what is pending, until the future is dropped.
    pub async fn follow_teams(&self) {
        std::future::pending::<()>().await;
    }
}

fn missing() -> Error {
    Error::new(Code::Internal, "Teams are not in this version yet.")
}
