//! Disconnecting takes tokens back at the provider, now or when it can be reached again.

use grapnel_core::activity::Kind;
use grapnel_core::connection::State;
use grapnel_core::error::Code;
use grapnel_core::id::ConnectionId;
use grapnel_core::revoke::{Disconnected, Revocation, TokenKind};
use grapnel_sandbox::{Endpoint, Fault, ProviderId, Times, custom};
use jiff::SignedDuration;

use crate::world::World;

/// A connection to the provider that takes tokens back.
async fn connected() -> (World, ConnectionId) {
    let world = World::of(ProviderId::Custom);
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap();
    new.scopes = custom::SCOPES.iter().take(2).map(|(name, _)| (*name).to_owned()).collect();
    world.grapnel.add_app(new).await.unwrap();
    let id = world.connect().await;
    (world, id)
}

fn live(world: &World) -> usize {
    let issued = world.sandbox.grants(ProviderId::Custom).issued();
    issued.access_tokens_live + issued.refresh_tokens_live
}

fn each(disconnected: &Disconnected) -> Vec<(TokenKind, Revocation)> {
    disconnected.tokens.iter().map(|one| (one.token, one.revocation)).collect()
}

fn told(world: &World) -> String {
    let told = world.grapnel.activity(None, None).unwrap().into_iter();
    let told = told.take_while(|entry| entry.kind != Kind::SignedIn);
    told.map(|entry| format!("{:?}: {}", entry.kind, entry.text)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_result_is_told_for_each_token() {
    let (world, id) = connected().await;
    let disconnected = world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(disconnected.revocation, Revocation::Done);
    let done = [TokenKind::RefreshToken, TokenKind::AccessToken].map(|kind| (kind, Revocation::Done));
    assert_eq!(each(&disconnected), done);
    assert_eq!(live(&world), 0);
    insta::assert_snapshot!(told(&world));
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_asked_again() {
    let (world, id) = connected().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    let disconnected = world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(disconnected.revocation, Revocation::Pending);
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!((details.summary.state, details.tokens), (State::Disconnected, None));
    assert_eq!(live(&world), 2);
    // Also when the connection is gone from the list, the vault has moved, and the program was started anew.
    world.grapnel.forget(&id).await.unwrap();
    let (mut world, words) = (world, "harbour lamp eleven moss".into());
    world.grapnel.protect_with_passphrase(&words).await.unwrap();
    world.start_again();
    world.grapnel.unlock(&words).await.unwrap();
    world.sandbox.faults().clear();
    let grapnel = world.grapnel.clone();
    let keeper = tokio::spawn(async move { grapnel.keep_alive().await });
    world.clock.settled().await;
    world.pass(SignedDuration::from_mins(1));
    while live(&world) > 0 {
        tokio::task::yield_now().await;
    }
    keeper.abort();
}

#[tokio::test]
async fn an_app_goes_with_its_connections_and_their_tokens_are_revoked() {
    let (world, id) = connected().await;
    world.connect_another().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap().id;
    world.grapnel.disconnect(&id).await.unwrap();
    assert!(live(&world) > 0);
    let removed = world.grapnel.remove_app_with_connections(&app).await.unwrap();
    assert_eq!((removed.connections, removed.revocation), (2, Revocation::Done));
    assert_eq!(live(&world), 0);
    assert!(world.grapnel.connections().unwrap().is_empty());
    assert!(world.grapnel.apps().unwrap().is_empty());
    assert_eq!(world.grapnel.remove_app_with_connections(&app).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn an_app_stays_while_the_provider_has_yet_to_revoke_its_tokens() {
    let (world, _) = connected().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap().id;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    let error = world.grapnel.remove_app_with_connections(&app).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderUnavailable);
    assert!(world.grapnel.connections().unwrap().is_empty());
    assert_eq!(world.grapnel.apps().unwrap().len(), 1);
    // Asked for once more, it goes all the same, and the activity tells what that means.
    world.grapnel.remove_app(&app).unwrap();
    assert!(told(&world).contains("They may still be good there."));
}

#[tokio::test]
async fn after_some_days_it_is_asked_no_more() {
    let (world, id) = connected().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    world.grapnel.disconnect(&id).await.unwrap();
    let (grapnel, mut events) = (world.grapnel.clone(), world.grapnel.events());
    let keeper = tokio::spawn(async move { grapnel.keep_alive().await });
    world.clock.settled().await;
    world.pass(SignedDuration::from_hours(80));
    while told(&world).matches("not asked for any more").count() < 2 {
        events.recv().await.unwrap();
    }
    keeper.abort();
    let filters = [(r"in \d+ seconds", "in [n] seconds"), ("access|refresh", "[kind of]")];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(told(&world));
    });
    // Nothing of the tokens is left.
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    let left: i64 = database.query_row("SELECT count(*) FROM revocation", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn tokens_that_come_after_a_disconnect_are_taken_back_too() {
    let (world, id) = connected().await;
    let renewal = world.disconnect_while_renewing(&id).await;
    let _ = renewal.await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Disconnected);
    assert_eq!(live(&world), 0);
}

/// The stored ones are void by then.
#[tokio::test]
async fn tokens_that_are_only_in_memory_are_the_ones_to_take_back() {
    let (world, id) = connected().await;
    world.renew_unsaved(&id).await;
    assert_eq!(world.grapnel.disconnect(&id).await.unwrap().revocation, Revocation::Done);
    assert_eq!(live(&world), 0);
}

/// The app's hosts are others by the time the provider answers: nothing that came of the old ones goes there.
#[tokio::test]
async fn tokens_that_come_after_a_disconnect_and_a_change_of_hosts_go_nowhere_else() {
    let (world, id) = connected().await;
    let renewal = world.disconnect_while_renewing(&id).await;
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap();
    let elsewhere = format!("http://{}/revoke", other.local_addr().unwrap());
    new.overrides.insert("revocation_url".into(), elsewhere);
    world.grapnel.change_app(&app.id, new).await.unwrap();
    let _ = renewal.await.unwrap();
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert!(!told(&world).contains("not asked for any more"), "{}", told(&world));
}

/// A vault that stays closed keeps no token for longer than a provider that stays away.
#[tokio::test]
async fn after_some_days_a_closed_vault_is_waited_for_no_more() {
    let (mut world, id) = connected().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    world.grapnel.disconnect(&id).await.unwrap();
    world.start_again();
    world.keyring.fail(Code::KeyringLocked);
    world.pass(SignedDuration::from_hours(80));
    let (grapnel, mut events) = (world.grapnel.clone(), world.grapnel.events());
    let keeper = tokio::spawn(async move { grapnel.keep_alive().await });
    while told(&world).matches("not asked for any more").count() < 2 {
        events.recv().await.unwrap();
    }
    keeper.abort();
}
