//! Teams and shared connections.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::{Error, Result};
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::secret::SecretString;
use grapnel_model::team::{
    Invited, JoinedTeam, LeftTeam, OpenedInvitation, RemovedMember, Team, TeamActivity,
};
use grapnel_store::shared_connection;

use super::Grapnel;
use crate::shared_record::told;
use crate::team::{self, Invite, Join, NewTeam};
use crate::{connection, refresh, shared_connection as shared};

impl Grapnel {
    /// The teams, as they were when their databases were last reached. Asks no database.
    pub fn teams(&self) -> Result<Vec<Team>> {
        team::all(&self.0)
    }

    /// The public key of this person, by which others invite them. It is created when it is first asked for.
    pub async fn team_key(&self) -> Result<String> {
        team::own_key(&self.0).await
    }

    /// The fingerprint of that key, to be compared aloud.
    pub async fn team_key_fingerprint(&self) -> Result<String> {
        team::own_key_fingerprint(&self.0).await
    }

    /// What an invitation says. Nothing is asked of its database.
    pub async fn read_invitation(
        &self,
        invitation: String,
        passphrase: Option<SecretString>,
    ) -> Result<OpenedInvitation> {
        Box::pin(team::read_invitation(&self.0, invitation, passphrase)).await
    }

    /// The host of a database URL, and the files and folders of this computer that it names. Asks no database.
    pub fn database_place(&self, url: &SecretString) -> Result<(String, Vec<String>)> {
        team::database_place(url)
    }

    /// Creates a team in a database, with this person as its owner.
    pub async fn create_team(&self, new: NewTeam) -> Result<Team> {
        Box::pin(team::create(&self.0, new)).await
    }

    /// Whether a person's public key is whole. Asks no database.
    pub fn check_team_key(&self, key: &str) -> Result<()> {
        team::check_key(key)
    }

    /// Invites a person or a worker. The second part is a worker's key, which is a secret.
    pub async fn invite(&self, team: &TeamId, invite: Invite) -> Result<(Invited, Option<SecretString>)> {
        Box::pin(team::invite(&self.0, team, invite)).await
    }

    /// Whether an invitation needs a passphrase.
    pub fn invitation_needs_passphrase(&self, invitation: &str) -> Result<bool> {
        grapnel_team::needs_passphrase(invitation).map_err(|error| {
            Error { field: Some("invitation".to_owned()), ..told(&error) }.means("Nothing was joined.")
        })
    }

    /// Joins a team, and takes in the connections that it shares.
    pub async fn join_team(&self, join: Join) -> Result<JoinedTeam> {
        Box::pin(team::join(&self.0, join)).await
    }

    /// Replaces the URL of a team's database, once the team was read by the new one.
    pub async fn change_team_url(&self, id: &TeamId, url: &SecretString) -> Result<Team> {
        Box::pin(team::change_database_url(&self.0, id, url)).await
    }

    /// Asks a team's database: reads the members, takes in what others changed, and writes what is pending.
    pub async fn sync_team(&self, id: &TeamId) -> Result<Team> {
        Box::pin(shared::sync(&self.0, id)).await?;
        team::one(&self.0, id)
    }

    /// Removes a member, by its ID: the team's keys change, and every record is encrypted anew.
    pub async fn remove_member(&self, team: &TeamId, member: &str) -> Result<RemovedMember> {
        Box::pin(team::remove(&self.0, team, member)).await
    }

    /// Leaves a team: its connections are removed here. The team keeps them.
    pub async fn leave_team(&self, team: &TeamId) -> Result<LeftTeam> {
        Box::pin(team::leave(&self.0, team)).await
    }

    /// Shares a connection with a team.
    pub async fn share(&self, id: &ConnectionId, team: &TeamId) -> Result<()> {
        Box::pin(shared::share(&self.0, id, team)).await
    }

    /// Stops sharing a connection. It stays here, and is disconnected on the other computers.
    pub async fn unshare(&self, id: &ConnectionId) -> Result<()> {
        Box::pin(shared::unshare(&self.0, id)).await
    }

    /// Removes a shared connection here. The team keeps it; nothing is revoked.
    pub async fn forget_shared(&self, id: &ConnectionId) -> Result<()> {
        Box::pin(shared::forget(&self.0, id, true)).await
    }

    /// What the team did with a shared connection, newest first. Asks the team's database.
    pub async fn team_activity(&self, id: &ConnectionId) -> Result<Vec<TeamActivity>> {
        Box::pin(shared::team_activity(&self.0, id)).await
    }

    /// Takes in what other machines change, and writes what is pending, until the future is dropped.
    pub async fn follow_teams(&self) {
        shared::follow(Arc::clone(&self.0)).await;
    }

    /// Waits until new tokens that are being written to a team are there with the entry in its activity, or cannot be
    /// written now.
    pub async fn teams_written(&self) {
        self.0.teams.all_written().await;
        self.0.teams.all_logged().await;
    }

    /// The names of the connections whose new tokens are only here.
    pub fn unwritten(&self) -> Result<Vec<String>> {
        refresh::unwritten(&self.0)
    }

    /// Writes to the teams what they do not have, again and again for at most this time.
    ///
    /// # Errors
    /// They do not have all of it. The error is why.
    pub async fn write_to_teams(&self, within: Duration) -> Result<()> {
        Box::pin(refresh::write_to_teams(&self.0, within)).await
    }

    /// Becomes the worker of a team, in data that were just made for it.
    pub async fn become_worker(&self, url: &SecretString, key: &SecretString) -> Result<TeamId> {
        Box::pin(team::become_worker(&self.0, url, key)).await
    }

    /// Takes in the connection of this name, for a worker. Returns its ID.
    pub async fn take_in_shared(&self, team: &TeamId, name: &str) -> Result<ConnectionId> {
        Box::pin(shared::take_in_named(&self.0, team, name)).await
    }

    /// Deletes a disconnected connection with its history and its cached content; one that is shared on this computer
    /// only.
    pub async fn forget(&self, id: &ConnectionId) -> Result<()> {
        if self.0.store.read(|c| shared_connection::get(c, id))?.is_some() {
            return self.forget_shared(id).await;
        }
        connection::forget(&self.0, id).await
    }
}
