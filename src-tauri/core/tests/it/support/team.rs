//! A team in a PostgreSQL database of the test, and other computers that join it.

use std::sync::Arc;
use std::time::Duration;

use grapnel_core::Grapnel;
use grapnel_core::team::{Invite, InviteOpener, InvitedUrl, Join, NewTeam};
use grapnel_model::connection::Details;
use grapnel_model::id::{ConnectionId, TeamId};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::team::{JoinedTeam, SharedConnection, TeamRole};
use grapnel_sandbox::{Endpoint, Fault};
use grapnel_test_database::{Proxy, Server};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::support::world::{TestKeyring, World, again};

/// Longer than an access token of the sandbox lives.
pub(crate) const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(2);

/// A world with a connection that is shared with a team.
pub(crate) struct TeamWorld {
    pub(crate) world: World,
    pub(crate) database: Server,
    pub(crate) team: TeamId,
    pub(crate) connection: ConnectionId,
}

/// Another computer: its own data, keyring and process, and the same time.
pub(crate) struct Computer {
    pub(crate) grapnel: Grapnel,
    _home: TempDir,
}

impl TeamWorld {
    /// A team of Ada, who shares one connection.
    pub(crate) async fn new() -> Self {
        Self::of(World::new()).await
    }

    pub(crate) async fn of(world: World) -> Self {
        let database = Server::start().unwrap();
        let connection = world.connect().await;
        let new = NewTeam {
            name: "Agency".into(),
            member: "Ada".into(),
            database_url: database.socket_url().into(),
            schema: None,
        };
        let team = world.grapnel.create_team(new).await.unwrap().id;
        world.grapnel.share(&connection, &team).await.unwrap();
        Self { world, database, team, connection }
    }

    /// A computer that is in no team.
    pub(crate) fn computer(&self) -> Computer {
        let (home, keyring) = (tempfile::tempdir().unwrap(), Arc::new(TestKeyring::default()));
        let clock = Arc::new(self.world.clock.at_start());
        let grapnel = Grapnel::with(home.path(), keyring, clock).unwrap();
        Computer { grapnel, _home: home }
    }

    /// A computer of a new member.
    pub(crate) async fn join(&self, name: &str, role: TeamRole) -> Computer {
        let computer = self.computer();
        self.join_with(&computer.grapnel, name, role, None).await;
        computer
    }

    /// A computer that reaches the database by this URL.
    pub(crate) async fn join_by(&self, name: &str, url: String) -> Computer {
        let computer = self.computer();
        self.join_with(&computer.grapnel, name, TeamRole::Member, Some(url.into())).await;
        computer
    }

    pub(crate) async fn join_with(
        &self,
        grapnel: &Grapnel,
        name: &str,
        role: TeamRole,
        database_url: Option<SecretString>,
    ) -> JoinedTeam {
        let key = grapnel.team_key().await.unwrap();
        let opened_by = InviteOpener::Key(key);
        let invite = Invite { name: name.into(), role, opened_by, database_url: InvitedUrl::Own };
        let (invited, _) = self.world.grapnel.invite(&self.team, invite).await.unwrap();
        let invitation = invited.invitation.unwrap();
        let join = Join { invitation, passphrase: None, database_url, agrees_to_paths: true };
        grapnel.join_team(join).await.unwrap()
    }

    /// Sets how long ago the refresh was begun that has no result.
    pub(crate) fn age_begun_mark(&self, seconds: u32) {
        let schema = self.schema();
        let set = format!("UPDATE {schema}.record SET begun_at = now() - interval '{seconds} seconds'");
        self.database.sql(&set).unwrap();
    }

    pub(crate) fn schema(&self) -> String {
        let named = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'grapnel%'";
        self.database.sql(named).unwrap()
    }

    pub(crate) fn shared(&self, grapnel: &Grapnel) -> SharedConnection {
        self.details(grapnel).shared.unwrap()
    }

    pub(crate) fn details(&self, grapnel: &Grapnel) -> Details {
        grapnel.connection(&self.connection).unwrap()
    }

    /// The access token that a process hands out.
    pub(crate) async fn token(&self, grapnel: &Grapnel) -> String {
        let token = grapnel.token(&self.connection, Duration::ZERO).await.unwrap();
        token.value.expose_secret().to_owned()
    }

    /// Signs in again on the owner's computer.
    pub(crate) async fn sign_in_again(&self) {
        let world = &self.world;
        let app = world.grapnel.apps().unwrap().pop().unwrap();
        let attempt = world.grapnel.start_attempt(&app.id, &again(&self.connection)).await.unwrap();
        let callback = world.visit(&attempt.id).await;
        world.grapnel.receive_callback(&callback).await.unwrap();
        world.grapnel.sync_team(&self.team).await.unwrap();
    }

    /// A computer whose way to the database can be cut.
    pub(crate) async fn behind_proxy(&self) -> (Computer, Proxy) {
        let proxy = Proxy::start(self.database.port()).await.unwrap();
        let url = self.database.url_at("127.0.0.1", proxy.port(), "");
        (self.join_by("Grace", url).await, proxy)
    }

    /// The team's database goes away after the provider has rotated the refresh token.
    pub(crate) async fn refresh_without_database(&self, other: &Computer, proxy: &Proxy) -> String {
        self.world.pass(TOKEN_LIFETIME);
        let slow = Fault::Slow(Duration::from_millis(500));
        self.world.sandbox.faults().set(Endpoint::TokenRefresh, slow, 1).unwrap();
        let before = self.world.tokens_given();
        let cut = async {
            while self.world.tokens_given() == before {
                tokio::task::yield_now().await;
            }
            proxy.block();
        };
        let (token, ()) = tokio::join!(self.token(&other.grapnel), cut);
        other.grapnel.teams_written().await;
        token
    }
}
