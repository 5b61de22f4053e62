//! The team of a proof, with its database and machines.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use grapnel_core::Grapnel;
use grapnel_core::app::App;
use grapnel_core::team::{Invite, InviteOpener, InvitedUrl, NewTeam};
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::secret::ExposeSecret;
use grapnel_model::team::TeamRole;
use grapnel_sandbox::ProviderId;
use grapnel_test_database::{Server, Stop};

use super::machine::Machine;
use crate::fingerprint::fingerprint;
use crate::world::World;

/// Longer than an access token of the sandbox lives, in seconds.
pub(super) const HOUR: i64 = 3700;
/// The name of the team.
pub(super) const TEAM: &str = "Harbour Agency";
/// The name of the person who creates it.
pub(super) const OWNER: &str = "Ada Harbour";

/// A team, its database, and the machine of its owner, which is this process.
pub(super) struct TeamWorld {
    pub(super) world: World,
    pub(super) server: Server,
    pub(super) owner: Grapnel,
    pub(super) app: App,
    pub(super) team: TeamId,
    /// The clock's offset.
    pub(super) ahead: i64,
}

impl TeamWorld {
    /// A team that shares this many connections.
    pub(super) async fn new(connections: usize) -> Result<(Self, Vec<ConnectionId>)> {
        let server = Server::start()?;
        let url = server.socket_url();
        Self::at(server, url, connections).await
    }

    /// The same, with the database at this URL.
    pub(super) async fn at(
        server: Server,
        url: String,
        connections: usize,
    ) -> Result<(Self, Vec<ConnectionId>)> {
        let world = World::new()?;
        let owner = world.open()?;
        let app = world.add_app(&owner).await?;
        let new = NewTeam { name: TEAM.into(), member: OWNER.into(), database_url: url.into(), schema: None };
        let team = owner.create_team(new).await?.id;
        let mut ids = Vec::new();
        for number in 0..connections {
            let id = world.sign_in_as(&owner, &app, &format!("Wharf ledger {number}")).await?;
            owner.share(&id, &team).await?;
            ids.push(id);
        }
        Ok((Self { world, server, owner, app, team, ahead: 0 }, ids))
    }

    /// The machine of a new member, which reaches the database by this URL.
    pub(super) async fn machine(&self, name: &str, url: String) -> Result<Machine> {
        let mut machine = Machine::start()?;
        self.join(&mut machine, name, url).await?;
        Ok(machine)
    }

    pub(super) async fn join(
        &self,
        machine: &mut Machine,
        name: &str,
        url: String,
    ) -> Result<Vec<ConnectionId>> {
        let invitation = self.invite(name, machine.key().await?).await?;
        machine.set_ahead(self.ahead).await?;
        machine.join(invitation, url).await
    }

    pub(super) async fn invite(&self, name: &str, key: String) -> Result<String> {
        let opened_by = InviteOpener::Key(key);
        let (role, database_url) = (TeamRole::Member, InvitedUrl::Own);
        let invite = Invite { name: name.into(), role, opened_by, database_url };
        let (invited, _) = self.owner.invite(&self.team, invite).await?;
        invited.invitation.context("no invitation")
    }

    /// Lets all access tokens expire, here and at the provider.
    pub(super) fn expire(&mut self) {
        self.ahead += HOUR;
        self.world.pass(HOUR);
    }

    /// The schema of the team.
    pub(super) fn schema(&self) -> Result<String> {
        self.server.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'grapnel%'")
    }

    /// Lets the time pass for which a refresh without a result is waited for.
    pub(super) fn age_begun_marks(&self) -> Result<()> {
        let schema = self.schema()?;
        let sql = format!("UPDATE {schema}.record SET begun_at = begun_at - interval '5 minutes'");
        self.server.sql(&sql).map(drop)
    }

    /// The number of token requests that the provider has seen, refused ones included.
    pub(super) fn requests(&self) -> usize {
        self.world.sandbox.token_requests(ProviderId::Grigora).all
    }

    /// The fingerprint of the token that the owner's machine hands out.
    pub(super) async fn token(&self, id: &ConnectionId) -> Result<String> {
        let token = self.owner.token(id, Duration::ZERO).await?;
        Ok(fingerprint(token.value.expose_secret()))
    }

    /// Signs in again on the owner's machine.
    pub(super) async fn sign_in_again(&self, id: &ConnectionId) -> Result<()> {
        self.world.sign_in(&self.owner, &self.app, Some(id)).await?;
        self.owner.sync_team(&self.team).await?;
        Ok(())
    }

    /// Asserts that all machines have the same token, that it works at the API, and then the refresh token.
    pub(super) async fn is_alive(&self, id: &ConnectionId, machines: &mut [&mut Machine]) -> Result<()> {
        self.owner.sync_team(&self.team).await?;
        let rotations = self.world.rotations();
        let token = self.token(id).await?;
        self.owner.projects(id).await?;
        for machine in machines.iter_mut() {
            let failed = machine.sync(&self.team).await?;
            ensure!(failed.is_none(), "a machine cannot ask the team: {failed:?}");
            let theirs = machine.token(id).await?.token;
            ensure!(theirs.as_ref() == Ok(&token), "a machine has another token than the team: {theirs:?}");
            let status = machine.look(id).await?;
            ensure!(status.error.is_none() && !status.is_pending, "{status:?}");
        }
        ensure!(self.world.rotations() == rotations, "the token did not work, and had to be refreshed");
        self.owner.refresh(id).await?;
        ensure!(self.world.rotations() == rotations + 1, "no refresh came of a refresh");
        Ok(())
    }

    /// Stops the server, and fails if a secret is in the clear in the data of a machine or of the database.
    pub(super) fn scan(&mut self, machines: &[&Machine]) -> Result<()> {
        self.server.stop(Stop::Fast)?;
        let looked_for = self.world.scan_of(&[self.server.data().as_path()])?;
        let homes: Vec<_> = machines.iter().map(|machine| machine.home()).collect();
        self.world.scan_of(&homes)?;
        println!(
            "secrets looked for in every file of the database and the machines, and not found: {looked_for}"
        );
        Ok(())
    }
}
