//! A team whose machines share connections by a PostgreSQL database: one refresh for all machines, no token lost when a
//! process, the network or the server fails, an older backup noticed, and nothing in the clear at the server.

mod agent;
mod crash;
mod flight;
pub(crate) mod machine;
mod partition;
mod restore;
mod scan;
mod size;

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use grapnel_core::Grapnel;
use grapnel_core::app::App;
use grapnel_core::team::{Invite, InviteOpener, InvitedUrl, NewTeam};
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::secret::ExposeSecret;
use grapnel_model::team::TeamRole;
use grapnel_sandbox::ProviderId;
use grapnel_test_database::{Server, Stop};

use crate::child::fingerprint;
use crate::world::World;
use machine::Machine;

pub(crate) const USAGE: &str = "prove team [flight [MACHINES THREADS CONNECTIONS] | crash [KILLS] | partition | restore | \
    scan | size [CONNECTIONS] | agent [TOKENS]]";

/// Longer than an access token of the sandbox lives, in seconds.
const HOUR: i64 = 3700;
/// The name of the team.
const TEAM: &str = "Harbour Agency";
/// The name of the person who creates it.
const OWNER: &str = "Ada Harbour";

pub(crate) async fn prove(arguments: &[&str]) -> Result<()> {
    let number = |text: &&str| text.parse::<usize>().with_context(|| format!("“{text}” is no number"));
    let (part, sizes) = match arguments {
        [] => (None, Vec::new()),
        [part, sizes @ ..] => (Some(*part), sizes.iter().map(number).collect::<Result<Vec<_>>>()?),
    };
    let size = |at: usize, default| sizes.get(at).copied().unwrap_or(default);
    let is_wanted = |name| part.is_none_or(|part| part == name);
    let most_sizes = match part {
        Some("flight") => 3,
        Some("crash" | "size" | "agent") => 1,
        None | Some("partition" | "restore" | "scan") => 0,
        Some(_) => bail!("{USAGE}"),
    };
    ensure!(sizes.len() <= most_sizes, "{USAGE}");
    if is_wanted("flight") {
        Box::pin(flight::prove(size(0, 32), size(1, 8), size(2, 1000))).await?;
    }
    if is_wanted("crash") {
        Box::pin(crash::prove(size(0, 1000))).await?;
    }
    if is_wanted("partition") {
        Box::pin(partition::prove()).await?;
    }
    if is_wanted("restore") {
        Box::pin(restore::prove()).await?;
    }
    if is_wanted("scan") {
        Box::pin(scan::prove()).await?;
    }
    if is_wanted("size") {
        Box::pin(size::prove(size(0, 50_000))).await?;
    }
    if is_wanted("agent") {
        Box::pin(agent::prove(size(0, 1000))).await?;
    }
    Ok(())
}

/// A team, its database, and the machine of its owner, which is this process.
struct TeamWorld {
    world: World,
    server: Server,
    owner: Grapnel,
    app: App,
    team: TeamId,
    /// The clock's offset.
    ahead: i64,
}

impl TeamWorld {
    /// A team that shares this many connections.
    async fn new(connections: usize) -> Result<(Self, Vec<ConnectionId>)> {
        let server = Server::start()?;
        let url = server.socket_url();
        Self::at(server, url, connections).await
    }

    /// The same, with the database at this URL.
    async fn at(server: Server, url: String, connections: usize) -> Result<(Self, Vec<ConnectionId>)> {
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
    async fn machine(&self, name: &str, url: String) -> Result<Machine> {
        let mut machine = Machine::start()?;
        self.join(&mut machine, name, url).await?;
        Ok(machine)
    }

    async fn join(&self, machine: &mut Machine, name: &str, url: String) -> Result<Vec<ConnectionId>> {
        let invitation = self.invite(name, machine.key().await?).await?;
        machine.set_ahead(self.ahead).await?;
        machine.join(invitation, url).await
    }

    async fn invite(&self, name: &str, key: String) -> Result<String> {
        let opened_by = InviteOpener::Key(key);
        let (role, database_url) = (TeamRole::Member, InvitedUrl::Own);
        let invite = Invite { name: name.into(), role, opened_by, database_url };
        let (invited, _) = self.owner.invite(&self.team, invite).await?;
        invited.invitation.context("no invitation")
    }

    /// Lets all access tokens expire, here and at the provider.
    fn expire(&mut self) {
        self.ahead += HOUR;
        self.world.pass(HOUR);
    }

    /// The schema of the team.
    fn schema(&self) -> Result<String> {
        self.server.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'grapnel%'")
    }

    /// Lets the time pass for which a refresh without a result is waited for.
    fn age_begun_marks(&self) -> Result<()> {
        let schema = self.schema()?;
        let sql = format!("UPDATE {schema}.record SET begun_at = begun_at - interval '5 minutes'");
        self.server.sql(&sql).map(drop)
    }

    /// The number of token requests that the provider has seen, refused ones included.
    fn requests(&self) -> usize {
        self.world.sandbox.token_requests(ProviderId::Grigora).all
    }

    /// The fingerprint of the token that the owner's machine hands out.
    async fn token(&self, id: &ConnectionId) -> Result<String> {
        let token = self.owner.token(id, Duration::ZERO).await?;
        Ok(fingerprint(token.value.expose_secret()))
    }

    /// Signs in again on the owner's machine.
    async fn sign_in_again(&self, id: &ConnectionId) -> Result<()> {
        self.world.sign_in(&self.owner, &self.app, Some(id)).await?;
        self.owner.sync_team(&self.team).await?;
        Ok(())
    }

    /// Asserts that all machines have the same token, that it works at the API, and then the refresh token.
    async fn is_alive(&self, id: &ConnectionId, machines: &mut [&mut Machine]) -> Result<()> {
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
    fn scan(&mut self, machines: &[&Machine]) -> Result<()> {
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

/// The time of one of many.
fn each(took: Duration, count: usize) -> Duration {
    took / u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

/// In milliseconds, with the precision that a short time needs.
fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

/// How many times as long `time` is as `floor`.
fn ratio(time: Duration, floor: Duration) -> f64 {
    time.as_secs_f64() / floor.as_secs_f64().max(f64::EPSILON)
}

/// The middle of these times.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
