//! What a record of a team may change on its members' computers, whoever writes it.

use std::sync::Arc;

use grapnel_core::team::{Invite, InviteOpener, InvitedUrl};
use grapnel_model::annotations::ConnectionEdit;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::TeamId;
use grapnel_model::secret::{SecretInput, SecretString};
use grapnel_model::team::TeamRole;
use grapnel_team::port::{WriteId, Written};
use grapnel_team::postgres::{DatabaseUrl, PostgresStore, SchemaName};
use grapnel_team::{Definition, Identity, Invitation, Record, Team, TeamError, Update};
use grapnel_test_database::{Proxy, Way};
use serde_json::{Value, json};

use crate::support::team::{Computer, TeamWorld};
use crate::support::trace_point::at_point;

/// The name of the connection in the team.
const NAME: &str = "acme";

/// A program that has the key of a worker, and writes what it likes.
async fn rogue_worker(team: &TeamWorld) -> Team {
    let invitation = Invitation::of_worker(&worker_key(team, "ci").await).unwrap();
    join(team, &invitation, Identity::generate()).await
}

async fn worker_key(team: &TeamWorld, name: &str) -> SecretString {
    let invite = Invite {
        name: name.into(),
        role: TeamRole::Worker,
        opened_by: InviteOpener::WorkerKey,
        database_url: InvitedUrl::Own,
    };
    team.world.grapnel.invite(&team.team, invite).await.unwrap().1.unwrap()
}

/// A member, or an owner, with a program that writes what it likes.
async fn rogue(team: &TeamWorld, name: &str, role: TeamRole) -> Team {
    let identity = Identity::generate();
    let opened_by = InviteOpener::Key(identity.public_key().to_string());
    let invite = Invite { name: name.into(), role, opened_by, database_url: InvitedUrl::Own };
    let (invited, _) = team.world.grapnel.invite(&team.team, invite).await.unwrap();
    let invitation = Invitation::open(&invited.invitation.unwrap(), &identity).unwrap();
    join(team, &invitation, identity).await
}

async fn join(team: &TeamWorld, invitation: &Invitation, identity: Identity) -> Team {
    let url = DatabaseUrl::parse(&team.database.socket_url().into()).unwrap();
    let store = PostgresStore::new(url, SchemaName::parse(&invitation.schema).unwrap());
    Team::join(Arc::new(store), invitation, identity).await.unwrap()
}

async fn record(rogue: &Team) -> Record {
    rogue.find(NAME).await.unwrap().unwrap()
}

/// Replaces a part of what the record says.
async fn write(
    rogue: &Team,
    change: impl FnOnce(&mut Value),
    definition: Option<Value>,
) -> Result<Written, TeamError> {
    let before = record(rogue).await;
    let mut tokens: Value = serde_json::from_slice(&before.tokens).unwrap();
    change(&mut tokens);
    let tokens = tokens.to_string();
    let definition = definition.map(|definition| definition.to_string());
    let update = Update {
        id: &before.id,
        replaces: Some(&before),
        write_id: &WriteId::random(),
        tokens: tokens.as_bytes(),
        definition: definition
            .as_ref()
            .map(|definition| Definition { name: NAME, content: definition.as_bytes() }),
        app: None,
    };
    rogue.write(&update).await
}

async fn definition(rogue: &Team) -> Value {
    serde_json::from_slice(&record(rogue).await.definition).unwrap()
}

/// The computers look at the database, and keep what they have.
async fn all_keep(team: &TeamWorld, other: &Computer, token: &str, code: Code) {
    for grapnel in [&team.world.grapnel, &other.grapnel] {
        grapnel.sync_team(&team.team).await.unwrap();
        assert_eq!(team.shared(grapnel).conflict.unwrap().code, code);
        assert_eq!(team.details(grapnel).summary.state, State::Active);
        assert_eq!(team.token(grapnel).await, token);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_key_chooses_no_address_that_tokens_or_secrets_are_sent_to() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let (rogue, token) = (rogue_worker(&team).await, team.token(&other.grapnel).await);
    let mut definition = definition(&rogue).await;
    let app = &mut definition["document"]["apps"][0];
    app["overrides"]["token_url"] = json!("https://thief.example/token");
    app["connections"][0]["kept_for"] = json!(["https://thief.example"]);
    assert_eq!(write(&rogue, |_| {}, Some(definition.clone())).await, Err(TeamError::NotOwner));
    // Nor by the part that it may write.
    let app = definition["document"]["apps"][0].clone();
    assert_eq!(write(&rogue, |tokens| tokens["app"] = app, None).await, Ok(Written::Stored));
    all_keep(&team, &other, &token, Code::DataDamaged).await;
    let (worker, late) = (team.computer(), team.computer());
    let joined = team.join_with(&late.grapnel, "Linus", TeamRole::Member, None).await;
    assert_eq!((joined.connections.len(), joined.left_out.len()), (0, 1));
    let key = worker_key(&team, "another").await;
    let id = worker.grapnel.become_worker(&team.database.socket_url().into(), &key).await.unwrap();
    assert_eq!(worker.grapnel.take_in_shared(&id, "Acme").await.unwrap_err().code, Code::DataDamaged);
    let before = team.world.tokens_given();
    assert_eq!(other.grapnel.refresh(&team.connection).await.unwrap_err().code, Code::DataDamaged);
    assert_eq!(team.world.tokens_given(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_key_takes_no_tokens_from_anybody() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let (rogue, token) = (rogue_worker(&team).await, team.token(&other.grapnel).await);
    let emptied = write(&rogue, |tokens| tokens["grant"] = Value::Null, None).await;
    assert_eq!(emptied, Ok(Written::Stored));
    all_keep(&team, &other, &token, Code::TeamForged).await;
    assert_eq!(other.grapnel.teams().unwrap()[0].rolled_back, 0, "no backup explains it");
    // An owner shares it anew, from a computer that has its tokens.
    team.world.grapnel.unshare(&team.connection).await.unwrap();
    team.world.grapnel.share(&team.connection, &team.team).await.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.shared(&other.grapnel).conflict, None);
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.token(&other.grapnel).await, team.token(&team.world.grapnel).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_owner_stops_sharing() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let (member, owner) =
        (rogue(&team, "Ben", TeamRole::Member).await, rogue(&team, "Cleo", TeamRole::Owner).await);
    let token = team.token(&other.grapnel).await;
    let mut ended = definition(&member).await;
    let by = json!({ "at": "2026-03-02T12:00:00Z", "member": "Ada", "machine": "laptop" });
    ended["state"] = json!({ "unshared": { "by": by, "attempt": "another" } });
    let written = write(&member, |tokens| tokens["grant"] = Value::Null, Some(ended.clone())).await;
    assert_eq!(written, Ok(Written::Stored));
    all_keep(&team, &other, &token, Code::TeamForged).await;
    assert_eq!(write(&owner, |_| {}, Some(ended)).await, Ok(Written::Stored));
    other.grapnel.sync_team(&team.team).await.unwrap();
    let here = team.details(&other.grapnel);
    assert_eq!((here.summary.state, here.shared), (State::Disconnected, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_is_older_than_one_that_was_seen_is_a_roll_back_at_any_version() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let rogue = rogue_worker(&team).await;
    let first: Value = serde_json::from_slice(&record(&rogue).await.tokens).unwrap();
    team.world.grapnel.refresh(&team.connection).await.unwrap();
    other.grapnel.sync_team(&team.team).await.unwrap();
    let token = team.token(&other.grapnel).await;
    for _ in 0..2 {
        let written = write(&rogue, |tokens| tokens.clone_from(&first), None).await;
        assert_eq!(written, Ok(Written::Stored));
    }
    all_keep(&team, &other, &token, Code::TeamRolledBack).await;
}

/// The answer to the write that ends the sharing is lost, once, and then the process ends right after it.
#[tokio::test]
async fn an_owner_who_stops_sharing_keeps_the_tokens_whatever_fails() {
    let team = TeamWorld::new().await;
    let proxy = Arc::new(Proxy::start(team.database.port()).await.unwrap());
    let url = team.database.url_at("127.0.0.1", proxy.port(), "");
    let owner = team.computer();
    team.join_with(&owner.grapnel, "Grace", TeamRole::Owner, Some(url.into())).await;
    let token = team.token(&owner.grapnel).await;
    let cut = Arc::clone(&proxy);
    let watching = at_point("before-team-unshare", move || cut.cut_after(Way::Back, 1));
    let error = owner.grapnel.unshare(&team.connection).await.unwrap_err();
    drop(watching);
    assert_eq!(error.code, Code::TeamUnreachable);
    assert!(error.meaning.unwrap().contains("its tokens stay here"));
    owner.grapnel.sync_team(&team.team).await.unwrap();
    let here = team.details(&owner.grapnel);
    assert_eq!((here.summary.state, here.shared), (State::Active, None));
    assert_eq!(team.token(&owner.grapnel).await, token);
    // The others' are gone.
    team.world.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.details(&team.world.grapnel).summary.state, State::Disconnected);

    owner.grapnel.share(&team.connection, &team.team).await.unwrap();
    let (ending, id) = (owner.grapnel.clone(), team.connection.clone());
    let watching = at_point("after-team-unshare", || panic!("the process ends"));
    assert!(tokio::spawn(async move { ending.unshare(&id).await }).await.unwrap_err().is_panic());
    drop(watching);
    assert!(team.details(&owner.grapnel).shared.is_some());
    owner.grapnel.sync_team(&team.team).await.unwrap();
    let here = team.details(&owner.grapnel);
    assert_eq!((here.summary.state, here.shared), (State::Active, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_no_longer_shared_is_free_at_once() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let other = team.join("Grace", TeamRole::Owner).await;
    ada.unshare(&team.connection).await.unwrap();
    let key = worker_key(&team, "ci").await;
    let worker = team.computer();
    let id = worker.grapnel.become_worker(&team.database.socket_url().into(), &key).await.unwrap();
    let none = worker.grapnel.take_in_shared(&id, "Acme").await.unwrap_err();
    assert_eq!(none.code, Code::NotFound);
    // Somebody else's connection of this name.
    let own = team.world.connect_another().await;
    for (id, name) in [(&team.connection, "Before"), (&own, "Acme")] {
        let edit = ConnectionEdit { name: Some(name.into()), ..ConnectionEdit::default() };
        ada.edit_connection(id, &edit).unwrap();
    }
    ada.share(&own, &team.team).await.unwrap();
    assert_eq!(worker.grapnel.take_in_shared(&id, "Acme").await.unwrap(), own);
    other.grapnel.sync_team(&TeamId(id.0)).await.unwrap();
    assert!(other.grapnel.connection(&own).unwrap().shared.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_gives_workers_the_secrets_that_its_refresh_needs() {
    let team = TeamWorld::new().await;
    let ada = &team.world.grapnel;
    let rogue = rogue_worker(&team).await;
    ada.disconnect(&team.connection).await.unwrap();
    let mut new = team.world.new_app();
    new.scopes = vec!["profile".into()];
    ada.change_app(&ada.apps().unwrap().remove(0).id, new).await.unwrap();
    ada.sync_team(&team.team).await.unwrap();
    let has_secret =
        |read: &Record| String::from_utf8_lossy(&read.definition).contains(team.world.client_secret());
    assert!(!has_secret(&record(&rogue).await), "nothing is refreshed");
    team.sign_in_again().await;
    assert!(has_secret(&record(&rogue).await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_can_read_has_no_secret_that_it_does_not_need() {
    let team = TeamWorld::new().await;
    let app = team.world.grapnel.apps().unwrap().remove(0);
    let mut new = team.world.new_app();
    let secrets = [("authorize.secret_hint", "of-the-sign-in"), ("token.secret", "of-the-code")];
    new.secrets.extend(secrets.map(|(key, secret)| (key.to_owned(), Some(SecretInput(secret.into())))));
    team.world.grapnel.unshare(&team.connection).await.unwrap();
    team.world.grapnel.change_app(&app.id, new).await.unwrap();
    team.world.grapnel.share(&team.connection, &team.team).await.unwrap();
    let read = record(&rogue_worker(&team).await).await;
    assert!(read.app.is_none());
    let all = [&read.definition[..], &read.tokens].concat();
    let text = std::str::from_utf8(&all).unwrap();
    for (_, secret) in secrets {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains(team.world.client_secret()), "a refresh needs it");
    assert!(text.contains(&team.token(&team.world.grapnel).await));
    let member = record(&rogue(&team, "Ben", TeamRole::Member).await).await;
    let manage = member.app.unwrap();
    let manage = std::str::from_utf8(&manage).unwrap();
    assert!(secrets.iter().all(|(_, secret)| manage.contains(secret)), "{}", manage.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_app_reaches_the_other_computers_and_workers() {
    let team = TeamWorld::new().await;
    let other = team.join("Grace", TeamRole::Member).await;
    let of = |grapnel: &grapnel_core::Grapnel| grapnel.apps().unwrap().remove(0);
    let mut new = team.world.new_app();
    new.name = "Renamed".into();
    new.scopes = vec!["profile".into()];
    new.secrets.insert("refresh.secret".into(), Some(SecretInput("of-the-refresh".into())));
    team.world.grapnel.change_app(&of(&team.world.grapnel).id, new).await.unwrap();
    assert_eq!(team.world.grapnel.teams().unwrap()[0].pending, 1);
    team.world.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(team.world.grapnel.teams().unwrap()[0].pending, 0);
    other.grapnel.sync_team(&team.team).await.unwrap();
    let here = of(&other.grapnel);
    assert_eq!((here.name.as_str(), here.scopes.as_slice()), ("Acme", &["profile".to_owned()][..]));
    assert_eq!(team.shared(&other.grapnel).conflict, None);
    let token = team.token(&other.grapnel).await;
    assert_eq!(token, team.token(&team.world.grapnel).await);
    let read = record(&rogue_worker(&team).await).await;
    assert!(std::str::from_utf8(&read.definition).unwrap().contains("of-the-refresh"));
    // What the others take in is not written back.
    other.grapnel.sync_team(&team.team).await.unwrap();
    assert_eq!(other.grapnel.teams().unwrap()[0].pending, 0);
    assert_eq!(record(&rogue(&team, "Ben", TeamRole::Member).await).await.definition_counter, 2);
}
