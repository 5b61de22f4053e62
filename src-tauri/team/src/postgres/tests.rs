use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_test_database::{Options, Proxy, Server, Stop};

use super::*;
use crate::port::{Began, Change, Locking, MachineId, RecordId, RecordStore, WriteId, Written};
use crate::{
    Definition, Identity, Invitation, Invited, Membership, Role, SeenRecord, Team, TeamError, Update,
};

mod faults;
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

#[tokio::test]
async fn a_shared_record_is_read_on_another_machine() {
    let (server, ada) = team().await;
    let ben = joined(&ada, "Ben", Role::Member, &server.tcp_url()).await;
    let id = share(&ada, "client site").await;
    let found = ben.find("client site").await.unwrap().unwrap();
    assert_eq!(
        (found.id.clone(), found.version, &found.tokens[..]),
        (id.clone(), 1, &b"secret-access-token"[..])
    );
    assert_eq!(found.app.unwrap().as_slice(), b"secret-of-the-client");
    assert!(ben.find("another").await.unwrap().is_none());

    let first = read(&ada, &id).await;
    assert_eq!(write(&ben, &id, 1, b"second").await, Written::Stored);
    assert_eq!(write_after(&ada, &first, b"late").await, Written::Superseded(2));
    let read = ada.read(&id, SeenRecord { version: 1, ..first.seen() }).await.unwrap().unwrap();
    assert_eq!((read.version, &read.tokens[..]), (2, &b"second"[..]));

    for number in 0..5_u8 {
        ben.add_activity(&id, &[number], 3).await.unwrap();
    }
    let entries: Vec<_> =
        ada.activity(&id, 10).await.unwrap().into_iter().map(|entry| entry.entry.to_vec()).collect();
    assert_eq!(entries, [[4], [3], [2]]);

    assert_eq!(ben.delete(&id).await, Err(TeamError::NotOwner));
    assert!(ada.delete(&id).await.unwrap());
    let gone = ben.read(&id, SeenRecord { version: 2, ..first.seen() }).await;
    assert!(matches!(gone, Err(TeamError::Vanished { .. })));
}

#[tokio::test]
async fn a_write_is_repeated_without_effect() {
    let (server, ada) = team().await;
    let (id, write_id) = (RecordId::random(), WriteId::random());
    let definition = Definition { name: "a", content: b"d" };
    let new = Update {
        id: &id,
        replaces: None,
        write_id: &write_id,
        tokens: b"1",
        definition: Some(definition),
        app: Some(b"x"),
    };
    assert_eq!(ada.write(&new).await.unwrap(), Written::Stored);
    assert_eq!(ada.write(&new).await.unwrap(), Written::Stored);
    let (before, write_id) = (read(&ada, &id).await, WriteId::random());
    let next = Update {
        replaces: Some(&before),
        write_id: &write_id,
        tokens: b"2",
        definition: None,
        app: None,
        ..new
    };
    assert_eq!(ada.write(&next).await.unwrap(), Written::Stored);
    assert_eq!(ada.write(&next).await.unwrap(), Written::Stored);
    let with_all = Update { definition: Some(definition), app: Some(b"x"), ..next.clone() };
    assert_eq!(ada.write(&with_all).await.unwrap(), Written::Stored);
    // Also after a rotation.
    let worker = joined(&ada, "ci", Role::Worker, &server.tcp_url()).await;
    ada.remove(worker.member_id()).await.unwrap();
    assert_eq!(ada.write(&next).await.unwrap(), Written::Stored);
    let now = read(&ada, &id).await;
    assert_eq!((now.version, now.definition_counter), (2, 1));
    // Another record of the same name.
    let other = RecordId::random();
    assert_eq!(insert(&ada, &other, "a").await, Written::Superseded(2));
    server.sql("DELETE FROM grapnel_team_test.record").unwrap();
    assert_eq!(write_after(&ada, &now, b"x").await, Written::Missing);
}

#[tokio::test]
async fn a_definition_is_replaced_with_its_name_and_its_app() {
    let (server, ada) = team().await;
    let worker = joined(&ada, "ci", Role::Worker, &server.tcp_url()).await;
    let id = share(&ada, "client site").await;
    let before = read(&ada, &id).await;
    let update = Update {
        id: &id,
        replaces: Some(&before),
        write_id: &WriteId::random(),
        tokens: b"tokens",
        definition: Some(Definition { name: "renamed", content: b"elsewhere" }),
        app: None,
    };
    assert_eq!(worker.write(&update).await, Err(TeamError::NotOwner));
    assert_eq!(ada.write(&update).await.unwrap(), Written::Stored);
    assert!(worker.find("client site").await.unwrap().is_none());
    let found = worker.find("renamed").await.unwrap().unwrap();
    assert_eq!((&found.definition[..], found.definition_counter), (&b"elsewhere"[..], 2));
    assert!(found.is_by_owner);
    // Its old name is free at once.
    share(&ada, "client site").await;
    let app = read(&ada, &id).await.app.unwrap();
    assert_eq!(app.as_slice(), b"secret-of-the-client");
}

#[tokio::test]
async fn a_record_with_the_tag_of_another_name_prevents_no_removal() {
    let (server, ada) = team().await;
    let worker = joined(&ada, "ci", Role::Worker, &server.tcp_url()).await;
    let (one, two) = (share(&ada, "one").await, share(&ada, "two").await);
    let moved = format!(
        "DELETE FROM grapnel_team_test.record WHERE id = '{two}'; \
         UPDATE grapnel_team_test.record SET lookup = decode(repeat('07', 32), 'hex') WHERE id = '{one}'"
    );
    server.sql(&moved).unwrap();
    assert_eq!(insert(&ada, &two, "one").await, Written::Stored);
    let removal = ada.remove(worker.member_id()).await.unwrap();
    assert_eq!(removal.unreadable, 1);
    assert_eq!(ada.find("one").await.unwrap().unwrap().id, two);
    let unusable = ada.read(&one, SeenRecord::default()).await;
    assert!(matches!(unusable, Err(TeamError::RolledBack { .. })), "{unusable:?}");
}

#[tokio::test]
async fn one_machine_at_a_time_has_the_lock() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let held = lock(&ada, &id).await;
    assert!(held.is_held());
    held.verify().await.unwrap();
    // Neither another session nor this one gets it a second time.
    for team in [&other, &ada] {
        let late = team.store().lock(&id, None, Duration::from_millis(300)).await;
        assert!(matches!(late, Err(TeamError::LockTimedOut)), "{late:?}");
    }
    let waiting = tokio::spawn(async move {
        let held = lock(&other, &id).await;
        held.release().await.unwrap();
    });
    held.release().await.unwrap();
    tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_waits_is_told_of_a_newer_version() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let held = lock(&ada, &id).await;
    assert_eq!(write(&ada, &id, 1, b"second").await, Written::Stored);
    let told = other.store().lock(&id, Some(1), BOUND).await.unwrap();
    assert!(matches!(told, Locking::Newer(2)), "{told:?}");
    drop(held);
    lock(&other, &id).await.release().await.unwrap();
}

#[tokio::test]
async fn a_begun_refresh_is_marked_once() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let (mine, theirs) = (MachineId::random(), MachineId::random());
    let held = lock(&ada, &id).await;
    assert_eq!(held.begin(1, None, &mine).await.unwrap(), Began::Marked);
    assert_eq!(held.begin(1, None, &mine).await.unwrap(), Began::Changed);
    held.release().await.unwrap();
    let begun = other.read(&id, SeenRecord::default()).await.unwrap().unwrap().begun.unwrap();
    assert_eq!(begun.machine, mine);
    assert!(begun.age < BOUND);
    let held = lock(&other, &id).await;
    assert_eq!(held.begin(2, Some(&mine), &theirs).await.unwrap(), Began::Changed);
    assert_eq!(held.begin(1, Some(&mine), &theirs).await.unwrap(), Began::Marked);
    held.unbegin(1, &mine).await.unwrap();
    assert!(other.read(&id, SeenRecord::default()).await.unwrap().unwrap().begun.is_some());
    assert_eq!(write(&other, &id, 1, b"second").await, Written::Stored);
    assert_eq!(other.read(&id, SeenRecord::default()).await.unwrap().unwrap().begun, None);
}

#[tokio::test]
async fn a_killed_session_frees_its_lock_and_cannot_begin() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let held = lock(&ada, &id).await;
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'").unwrap();
    lock(&other, &id).await.release().await.unwrap();
    let begun = held.begin(1, None, &MachineId::random()).await;
    assert!(matches!(begun, Err(TeamError::LockLost | TeamError::Unreachable { .. })), "{begun:?}");
    assert!(!held.is_held());
    assert_eq!(held.release().await, Err(TeamError::LockLost));
    // The next call opens a new session.
    assert_eq!(ada.read(&id, SeenRecord::default()).await.unwrap().unwrap().version, 1);
}

#[tokio::test]
async fn a_cut_connection_frees_its_lock() {
    let (server, ada) = team().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let away = again(&ada, &server.url_at("127.0.0.1", proxy.port(), ""));
    let id = share(&ada, "client site").await;
    let held = lock(&away, &id).await;
    proxy.block();
    let since = Instant::now();
    lock(&ada, &id).await.release().await.unwrap();
    assert!(since.elapsed() < BOUND);
    assert!(held.begin(1, None, &MachineId::random()).await.is_err());
    assert!(!held.is_held());
    assert!(away.read(&id, SeenRecord::default()).await.unwrap_err().is_unreachable());
    proxy.resume();
    assert!(away.read(&id, SeenRecord::default()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_holder_that_fell_silent_loses_its_lock_within_the_bound() {
    let (server, ada) = team().await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let away = again(&ada, &server.url_at("127.0.0.1", proxy.port(), ""));
    let id = share(&ada, "client site").await;
    let _held = lock(&away, &id).await;
    proxy.freeze();
    let since = Instant::now();
    lock(&ada, &id).await.release().await.unwrap();
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
}

#[tokio::test]
async fn only_a_session_that_holds_a_lock_must_show_that_it_lives() {
    let (server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    // Whether the limit was set last, or lifted.
    let is_limited = || {
        let log = server.log().unwrap();
        let set = log.lines().filter(|line| line.contains("$2 = '15000'")).count();
        (set, log.matches("$1 = '0'").count())
    };
    let held = lock(&ada, &id).await;
    assert_eq!(is_limited(), (1, 0));
    held.release().await.unwrap();
    assert_eq!(is_limited(), (1, 1));
    assert_eq!(other.store().list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_watch_tells_of_writes_and_of_a_lost_session() {
    let (mut server, ada) = team().await;
    let other = again(&ada, &server.tcp_url());
    let id = share(&ada, "client site").await;
    let mut changes = other.store().watch().await.unwrap();
    let mut next = async || tokio::time::timeout(PATIENCE, changes.recv()).await.unwrap().unwrap();
    assert_eq!(write(&ada, &id, 1, b"second").await, Written::Stored);
    assert_eq!(next().await, Change::Written(id.clone(), 2));
    ada.invite("Ben", Role::Worker, &Invited::Worker, None).await.unwrap();
    assert_eq!(next().await, Change::Membership);
    server.stop(Stop::Immediate).unwrap();
    assert_eq!(next().await, Change::Lost);
    assert!(other.read(&id, SeenRecord::default()).await.unwrap_err().is_unreachable());
    server.resume().unwrap();
    assert_eq!(next().await, Change::Missed);
    let listed = other.store().list().await.unwrap();
    assert_eq!((listed[0].version, listed.len()), (2, 1));
    assert!(ada.delete(&id).await.unwrap());
    assert_eq!(next().await, Change::Deleted(id));
    assert!(other.store().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn removing_a_member_rotates_the_keys_and_encrypts_everything_anew() {
    let (server, ada) = team().await;
    let (ben, worker) = (
        joined(&ada, "Ben", Role::Member, &server.tcp_url()).await,
        joined(&ada, "ci", Role::Worker, &server.tcp_url()).await,
    );
    let id = share(&ada, "client site").await;
    ada.add_activity(&id, b"shared", 10).await.unwrap();
    assert!(ben.read(&id, SeenRecord::default()).await.unwrap().unwrap().app.is_some());
    let of_worker = read(&worker, &id).await;
    assert!(of_worker.app.is_none());
    let before = ada.store().read(&id).await.unwrap().unwrap();

    let removal = ada.remove(ben.member_id()).await.unwrap();
    assert_eq!(
        (removal.removed.name.as_str(), removal.secrets_made.len(), removal.unreadable),
        ("Ben", 0, 0)
    );
    let after = ada.store().read(&id).await.unwrap().unwrap();
    assert_eq!((after.version, after.generation), (before.version, 2));
    assert!(before.tokens != after.tokens && before.app != after.app);
    assert!(before.definition != after.definition && before.lookup != after.lookup);

    let refused = [ben.read(&id, SeenRecord::default()).await.map(|_| ()), ben.reload().await.map(|_| ())];
    assert_eq!(refused, [Err(TeamError::Removed), Err(TeamError::Removed)]);
    // Who remains goes on, without being told; a write under the old keys is encrypted again.
    assert_eq!(write_after(&worker, &of_worker, b"second").await, Written::Stored);
    assert_eq!(worker.find("client site").await.unwrap().unwrap().version, 2);
    assert_eq!(ada.activity(&id, 10).await.unwrap()[0].entry.as_slice(), b"shared");
    assert_eq!(worker.activity(&id, 10).await.unwrap().len(), 1);
    assert_eq!(worker.membership().await.unwrap().members.len(), 2);

    // The record of before, put back by the operator, is noticed, also by a machine that has not seen it.
    let bytes = grapnel_model::secret::hex;
    let (tokens, app, definition) = (bytes(&before.tokens), bytes(&before.app), bytes(&before.definition));
    let back = format!(
        "UPDATE grapnel_team_test.record SET version = 9, generation = 1, tokens = '\\x{tokens}', app = '\\x{app}', \
         definition = '\\x{definition}'"
    );
    server.sql(&back).unwrap();
    let noticed = again(&ada, &server.tcp_url()).read(&id, SeenRecord::default()).await;
    assert!(matches!(noticed, Err(TeamError::RolledBack { .. })), "{noticed:?}");
}

#[tokio::test]
async fn a_database_restored_from_an_older_backup_is_noticed() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    server.sql("CREATE TABLE backup AS SELECT * FROM grapnel_team_test.record").unwrap();
    server.sql("CREATE TABLE old_team AS SELECT * FROM grapnel_team_test.team").unwrap();
    assert_eq!(write(&ada, &id, 1, b"second").await, Written::Stored);
    joined(&ada, "Ben", Role::Member, &server.tcp_url()).await;
    let restore = "UPDATE grapnel_team_test.record AS now SET version = old.version, tokens = old.tokens, \
        write_id = old.write_id FROM backup AS old";
    server.sql(restore).unwrap();
    let read = ada.read(&id, SeenRecord { version: 2, ..SeenRecord::default() }).await;
    assert!(matches!(read, Err(TeamError::RolledBack { .. })), "{read:?}");
    let restore = "UPDATE grapnel_team_test.team AS now SET version = old.version, document = old.document \
        FROM old_team AS old";
    server.sql(restore).unwrap();
    assert!(matches!(ada.reload().await, Err(TeamError::TeamRolledBack { .. })));
}

#[tokio::test]
async fn swapped_records_and_foreign_members_are_refused() {
    let (server, ada) = team().await;
    let (one, two) = (share(&ada, "one").await, share(&ada, "two").await);
    let swap = format!(
        "UPDATE grapnel_team_test.record AS a SET (tokens, definition, app) = (b.tokens, b.definition, b.app) \
         FROM grapnel_team_test.record AS b WHERE a.id = '{one}' AND b.id = '{two}'"
    );
    server.sql(&swap).unwrap();
    assert!(matches!(ada.read(&one, SeenRecord::default()).await, Err(TeamError::Forged { .. })));
    let swap = format!(
        "UPDATE grapnel_team_test.record SET lookup = decode(repeat('00', 32), 'hex') WHERE id = '{one}'; \
         UPDATE grapnel_team_test.record SET lookup = decode('{}', 'hex') WHERE id = '{two}'",
        server
            .sql(&format!("SELECT encode(lookup, 'hex') FROM grapnel_team_test.record WHERE id = '{one}'"))
            .unwrap()
    );
    server.sql(&swap).unwrap();
    assert!(matches!(ada.find("one").await, Err(TeamError::Forged { .. })));
    // Keys that the operator encrypts for a member are not the team's.
    let foreign = again(&ada, &server.tcp_url());
    let own =
        crate::TeamKeys::random(1).wrap(ada.id(), &ada.identity().public_key().recipient, true).unwrap();
    let own = grapnel_model::secret::hex(&own);
    server.sql(&format!("UPDATE grapnel_team_test.member SET keys = '\\x{own}'")).unwrap();
    assert!(matches!(foreign.reload().await, Err(TeamError::Forged { .. })));
}

#[tokio::test]
async fn owners_may_leave_but_for_the_last() {
    let (server, ada) = team().await;
    assert!(matches!(ada.leave().await, Err(TeamError::Invalid(_))));
    let cleo = joined(&ada, "Cleo", Role::Owner, &server.tcp_url()).await;
    let ben = joined(&cleo, "Ben", Role::Member, &server.tcp_url()).await;
    assert!(matches!(
        ben.invite("Eve", Role::Worker, &Invited::Worker, None).await,
        Err(TeamError::NotOwner)
    ));
    assert!(matches!(ben.remove(ada.member_id()).await, Err(TeamError::NotOwner)));
    assert!(ada.leave().await.unwrap());
    let names = |team: Membership| team.members.into_iter().map(|member| member.name).collect::<Vec<_>>();
    assert_eq!(names(cleo.reload().await.unwrap()), ["Ada Lovelace", "Cleo", "Ben"]);
    assert!(matches!(cleo.leave().await, Err(TeamError::Invalid(_))), "the other owner has left");
    let removal = cleo.remove(ada.member_id()).await.unwrap();
    assert_eq!((removal.removed.name.as_str(), removal.had_left.len()), ("Ada Lovelace", 0));
    assert_eq!(names(cleo.reload().await.unwrap()), ["Cleo", "Ben"]);
    assert!(ben.leave().await.unwrap());
    assert_eq!(again(&ben, &server.tcp_url()).reload().await.unwrap_err(), TeamError::Removed);
    cleo.remove(ben.member_id()).await.unwrap();
    let same = cleo.invite("Cleo", Role::Worker, &Invited::Worker, None).await;
    assert!(matches!(same, Err(TeamError::NameTaken)));
}

#[tokio::test]
async fn who_has_left_gets_no_later_keys() {
    let (server, ada) = team().await;
    let (cleo, ben) = (
        joined(&ada, "Cleo", Role::Owner, &server.tcp_url()).await,
        joined(&ada, "Ben", Role::Member, &server.tcp_url()).await,
    );
    let worker = joined(&cleo, "ci", Role::Worker, &server.tcp_url()).await;
    assert!(ben.leave().await.unwrap() && cleo.leave().await.unwrap());
    let removal = ada.remove(worker.member_id()).await.unwrap();
    assert_eq!(removal.had_left, ["Cleo", "Ben"]);
    assert_eq!(ada.reload().await.unwrap().members.len(), 1);
    let keys = server.sql("SELECT count(*), max(id) FROM grapnel_team_test.member").unwrap();
    assert_eq!(keys, format!("1|{}", ada.member_id()));
    assert_eq!(ben.reload().await.unwrap_err(), TeamError::Removed);
    assert_eq!(cleo.reload().await.unwrap_err(), TeamError::Removed);
}

#[tokio::test]
async fn a_removal_names_the_members_whose_secrets_the_removed_one_made() {
    let (server, ada) = team().await;
    let cleo = joined(&ada, "Cleo", Role::Owner, &server.tcp_url()).await;
    joined(&cleo, "ci", Role::Worker, &server.tcp_url()).await;
    let removal = ada.remove(cleo.member_id()).await.unwrap();
    assert_eq!(removal.secrets_made, ["ci"]);
}

#[tokio::test]
async fn certificates_are_verified() {
    let server = Server::start().unwrap();
    PostgresStore::prepare(url(&server.tls_url()), schema()).await.unwrap();
    assert!(server.log().unwrap().contains("SSL enabled"));
    let at = |host: &str, query: &str| url(&server.url_at(host, server.port(), query));
    // The system does not know this authority.
    let unknown = PostgresStore::prepare(at("localhost", "?sslmode=require"), schema()).await.unwrap_err();
    let elsewhere =
        Server::start_with(&Options { hosts: vec!["db.example".to_owned()], ..Options::default() }).unwrap();
    let other_host = PostgresStore::prepare(url(&elsewhere.tls_url()), schema()).await.unwrap_err();
    let query = format!("?sslrootcert={}", elsewhere.authority().display());
    let other_authority = PostgresStore::prepare(at("localhost", &query), schema()).await.unwrap_err();
    let missing =
        PostgresStore::prepare(at("localhost", "?sslrootcert=/nowhere.pem"), schema()).await.unwrap_err();
    let plain = Server::start_with(&Options { settings: vec!["ssl = off".to_owned()], ..Options::default() })
        .unwrap();
    let no_tls = PostgresStore::prepare(url(&plain.tls_url()), schema()).await.unwrap_err();
    let texts = [unknown, other_host, other_authority, missing, no_tls].map(|error| error.to_string());
    insta::assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn each_failure_to_connect_has_its_reason_without_the_url() {
    let mut server = Server::start().unwrap();
    server.sql("CREATE ROLE nobody LOGIN PASSWORD 'hunter2'").unwrap();
    let port = server.port();
    let at = |user: &str, database: &str| format!("postgres://{user}@127.0.0.1:{port}/{database}");
    let mut texts = Vec::new();
    for text in [
        at("postgres:hunter2", "postgres"),
        at("nobody:hunter2", "postgres"),
        at("nobody:hunter2", "hunter2"),
        at("hunter2", "postgres"),
    ] {
        let error = PostgresStore::prepare(url(&text), schema()).await.unwrap_err();
        texts.push(format!("{error} {} {}", error.meaning(), error.hint()));
    }
    let none = store(&server.tcp_url()).team().await.unwrap_err();
    texts.push(format!("{none} {}", none.hint()));
    server.stop(Stop::Fast).unwrap();
    let down = PostgresStore::prepare(url(&server.tcp_url()), schema()).await.unwrap_err();
    texts.push(format!("{down} {} {}", down.meaning(), down.hint()));
    let (socket, nowhere) = (server.socket(), "/nonexistent/postgres");
    let folder = socket.parent().unwrap().display().to_string();
    let unresolved = format!("postgres://hunter2@{}.invalid/hunter2", "a".repeat(64));
    let at_socket = |folder: &str, port| format!("postgres://postgres@/postgres?host={folder}&port={port}");
    for text in [unresolved, at_socket(nowhere, 5432), at_socket(&folder, 1), at_socket(&folder, port)] {
        let error = PostgresStore::prepare(url(&text), schema()).await.unwrap_err();
        assert!(error.is_unreachable(), "{error:?}");
        texts.push(format!("{error} {} {}", error.meaning(), error.hint()));
    }
    let texts = texts.join("\n").replace(&folder, "[folder]").replace(&port.to_string(), "[port]");
    assert!(!texts.contains("hunter2") && !texts.contains(grapnel_test_database::PASSWORD), "{texts}");
    insta::assert_snapshot!(texts);
}

#[tokio::test]
async fn the_servers_logs_and_files_hold_no_secret_and_no_name() {
    let (mut server, ada) = team().await;
    let worker = joined(&ada, "ci-of-the-agency", Role::Worker, &server.tcp_url()).await;
    let id = share(&ada, "client-site-of-acme").await;
    let held = lock(&ada, &id).await;
    held.begin(1, None, &MachineId::random()).await.unwrap();
    assert_eq!(write(&worker, &id, 1, b"secret-access-token").await, Written::Stored);
    held.release().await.unwrap();
    worker.add_activity(&id, b"secret-entry", 3).await.unwrap();
    ada.remove(worker.member_id()).await.unwrap();
    // What fails is logged with its parameters.
    server.sql("SELECT * FROM nowhere").unwrap_err();
    let log = server.log().unwrap();
    assert!(log.contains(&id.0) && log.contains("parameters: $1"), "the log has the statements");
    server.stop(Stop::Fast).unwrap();
    let key = ada.identity().to_text();
    let key = grapnel_model::secret::ExposeSecret::expose_secret(&key).to_owned();
    let secrets = [
        "secret-access-token",
        "secret-of-the-client",
        "secret-definition",
        "secret-entry",
        "client-site-of-acme",
        "client site",
        "Ada Lovelace",
        "Agency",
        "ci-of-the-agency",
        grapnel_test_database::PASSWORD,
        &key,
    ];
    let mut folders = vec![server.data()];
    let mut scanned = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            scanned += bytes.len();
            for secret in secrets {
                let at = memchr::memmem::find(&bytes, secret.as_bytes());
                assert_eq!(at, None, "{secret} in {}", path.display());
            }
        }
    }
    assert!(scanned > 1 << 20, "only {scanned} bytes");
    for secret in secrets {
        let hex = grapnel_model::secret::hex(secret.as_bytes());
        assert!(!log.contains(secret) && !log.contains(&hex), "{secret}");
    }
}

/// The SQL of the page for administrators, as it is printed there.
fn documented_sql(which: usize) -> String {
    let page = include_str!("../../../../docs/team-database.md");
    let block = page.split("```sql\n").nth(which).and_then(|rest| rest.split("```").next()).unwrap();
    block.replace("grapnel_team_x", "grapnel_team_test")
}

#[tokio::test]
async fn the_documented_roles_are_enough_and_permit_no_more() {
    let (server, ada) = team().await;
    let id = share(&ada, "client site").await;
    server.sql(&documented_sql(2)).unwrap();
    server.sql(&documented_sql(3)).unwrap();
    server
        .sql("CREATE ROLE ben LOGIN IN ROLE grapnel_member; CREATE ROLE ci LOGIN IN ROLE grapnel_worker")
        .unwrap();
    let url_of = |role: &str| server.socket_url().replace("postgres@", &format!("{role}@"));
    let ben = joined(&ada, "Ben", Role::Member, &url_of("ben")).await;
    let worker = joined(&ada, "ci", Role::Worker, &url_of("ci")).await;

    for (team, version) in [(&ben, 1), (&worker, 2)] {
        let held = lock(team, &id).await;
        assert_eq!(held.begin(version, None, &MachineId::random()).await.unwrap(), Began::Marked);
        assert_eq!(write(team, &id, version, b"next").await, Written::Stored);
        held.release().await.unwrap();
        team.add_activity(&id, b"refreshed", 3).await.unwrap();
        team.store().watch().await.unwrap();
        assert!(team.find("client site").await.unwrap().is_some());
    }
    share(&ben, "another").await;
    let denied = [
        ("ci", "UPDATE grapnel_team_test.record SET app = ''"),
        ("ci", "UPDATE grapnel_team_test.record SET definition = ''"),
        ("ci", "UPDATE grapnel_team_test.record SET lookup = ''"),
        ("ci", "INSERT INTO grapnel_team_test.record SELECT * FROM grapnel_team_test.record"),
        ("ci", "DELETE FROM grapnel_team_test.record"),
        ("ben", "DELETE FROM grapnel_team_test.record"),
        ("ben", "UPDATE grapnel_team_test.team SET document = ''"),
        ("ben", "INSERT INTO grapnel_team_test.member VALUES ('x', '')"),
        ("ben", "CREATE TABLE grapnel_team_test.more ()"),
    ];
    for (role, sql) in denied {
        let refused = server.sql_as(role, sql).unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{role}: {sql}: {refused}");
    }
    let refused = worker.store().delete(&id).await.unwrap_err();
    assert!(refused == TeamError::Forbidden && !refused.is_unreachable(), "{refused:?}");
    assert!(!ben.leave().await.unwrap(), "the role may not delete its keys");
    assert_eq!(ben.reload().await.unwrap().members.len(), 3);
    let page = include_str!("../../../../docs/team-database.md");
    let monitoring = page.lines().filter(|line| line.starts_with("| ") && line.contains("`SELECT"));
    for line in monitoring {
        let sql = line.split('`').nth(1).unwrap().replace("grapnel_team_x", "grapnel_team_test");
        server.sql(&sql).unwrap();
    }
}
