use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_test_database::{Options, Proxy, Server, Stop};

use super::*;
use crate::port::{Began, Change, Locking, MachineId, RecordId, RecordStore, WriteId, Written};
use crate::{
    Definition, Identity, Invitation, Invited, Membership, Role, SeenRecord, Team, TeamError, Update,
};

mod access;
mod faults;
mod locks;
mod membership;
mod records;
mod server;

/// More than a session that fell silent keeps its locks for.
const BOUND: Duration = Duration::from_secs(20);
/// An event is waited for at most so long.
const PATIENCE: Duration = Duration::from_secs(30);

fn url(text: &str) -> DatabaseUrl {
    DatabaseUrl::parse(&text.into()).unwrap()
}

fn schema() -> SchemaName {
    SchemaName::parse("grapnel_team_test").unwrap()
}

fn store(url_text: &str) -> Arc<dyn RecordStore> {
    Arc::new(PostgresStore::new(url(url_text), schema()))
}

/// A server with a team, and the team as its creator has it.
async fn team() -> (Server, Team) {
    let server = Server::start().unwrap();
    let team = create(&server).await;
    (server, team)
}

async fn create(server: &Server) -> Team {
    let store = PostgresStore::prepare(url(&server.socket_url()), schema()).await.unwrap();
    Team::create(Arc::new(store), "Agency", "Ada Lovelace", Identity::generate()).await.unwrap()
}

/// The same member on another machine.
fn again(team: &Team, url: &str) -> Team {
    let (id, member) = (team.id().clone(), team.member_id().clone());
    Team::open(store(url), id, member, team.identity().clone(), team.seen())
}

async fn share(team: &Team, name: &str) -> RecordId {
    let id = RecordId::random();
    assert_eq!(insert(team, &id, name).await, Written::Stored);
    id
}

async fn insert(team: &Team, id: &RecordId, name: &str) -> Written {
    let update = Update {
        id,
        replaces: None,
        write_id: &WriteId::random(),
        tokens: b"secret-access-token",
        definition: Some(Definition { name, content: b"secret-definition" }),
        app: Some(b"secret-of-the-client"),
    };
    team.write(&update).await.unwrap()
}

async fn read(team: &Team, id: &RecordId) -> crate::Record {
    team.read(id, SeenRecord::default()).await.unwrap().unwrap()
}

/// Writes tokens in place of the record as it is now.
async fn write(team: &Team, id: &RecordId, replaces: u64, tokens: &[u8]) -> Written {
    let before = read(team, id).await;
    assert_eq!(before.version, replaces);
    write_after(team, &before, tokens).await
}

async fn write_after(team: &Team, before: &crate::Record, tokens: &[u8]) -> Written {
    let write_id = WriteId::random();
    let update = Update {
        id: &before.id,
        replaces: Some(before),
        write_id: &write_id,
        tokens,
        definition: None,
        app: None,
    };
    team.write(&update).await.unwrap()
}

async fn lock(team: &Team, id: &RecordId) -> Box<dyn crate::port::RecordLock> {
    match team.store().lock(id, None, BOUND).await.unwrap() {
        Locking::Held(lock) => lock,
        Locking::Newer(version) => panic!("version {version}"),
    }
}

async fn joined(team: &Team, name: &str, role: Role, url: &str) -> Team {
    let own = Identity::generate();
    let invited = match role {
        Role::Worker => Invited::Worker,
        _ => Invited::PublicKey(own.public_key()),
    };
    let text = team.invite(name, role, &invited, None).await.unwrap();
    let text = grapnel_model::secret::ExposeSecret::expose_secret(&text).to_owned();
    let invitation = match role {
        Role::Worker => Invitation::of_worker(&text.as_str().into()).unwrap(),
        _ => Invitation::open(&text, &own).unwrap(),
    };
    assert_eq!(invitation.schema, "grapnel_team_test");
    Team::join(store(url), &invitation, own).await.unwrap()
}
