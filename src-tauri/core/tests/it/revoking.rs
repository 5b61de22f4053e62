//! Disconnecting revokes tokens at the provider, now or once it is available again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use grapnel_model::activity::Kind;
use grapnel_model::connection::State;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::{Disconnected, Revocation, TokenKind};
use grapnel_model::secret::SecretInput;
use grapnel_sandbox::{Endpoint, Fault, ProviderId, Times, custom};
use jiff::SignedDuration;

use crate::support::scripted_server::{Reply, Scripted, sign_in};
use crate::support::world::World;

/// A connection to a provider with a revocation endpoint.
async fn connected() -> (World, ConnectionId) {
    let world = World::of(ProviderId::Custom);
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
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
async fn the_result_is_reported_for_each_token() {
    let (world, id) = connected().await;
    let disconnected = world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(disconnected.revocation, Revocation::Done);
    let done = [TokenKind::RefreshToken, TokenKind::AccessToken].map(|kind| (kind, Revocation::Done));
    assert_eq!(each(&disconnected), done);
    assert_eq!(live(&world), 0);
    insta::assert_snapshot!(told(&world));
}

#[tokio::test]
async fn an_unreachable_provider_is_retried() {
    let (world, id) = connected().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    let disconnected = world.grapnel.disconnect(&id).await.unwrap();
    assert_eq!(disconnected.revocation, Revocation::Pending);
    let details = world.grapnel.connection(&id).unwrap();
    assert_eq!((details.summary.state, details.tokens), (State::Disconnected, None));
    assert_eq!(live(&world), 2);
    // Even after the connection was deleted, the vault re-keyed, and the program restarted.
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
async fn removing_an_app_with_its_connections_revokes_their_tokens() {
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
async fn an_app_is_kept_while_revocations_are_pending() {
    let (world, _) = connected().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap().id;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    let error = world.grapnel.remove_app_with_connections(&app).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderUnavailable);
    assert!(world.grapnel.connections().unwrap().is_empty());
    assert_eq!(world.grapnel.apps().unwrap().len(), 1);
    // A second request removes it, and the activity log says what that means.
    world.grapnel.remove_app(&app).unwrap();
    assert!(told(&world).contains("They may still be good there."));
}

#[tokio::test]
async fn revocation_is_given_up_after_some_days() {
    let (world, id) = connected().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    world.grapnel.disconnect(&id).await.unwrap();
    let (grapnel, mut events) = (world.grapnel.clone(), world.grapnel.events());
    let keeper = tokio::spawn(async move { grapnel.keep_alive().await });
    world.clock.settled().await;
    world.pass(SignedDuration::from_hours(80));
    while told(&world).matches("no longer asks for that").count() < 2 {
        events.recv().await.unwrap();
    }
    keeper.abort();
    let filters = [
        (r"(on [\d-]+ )?at [\d:]{8}", "at [time]"),
        ("access|refresh", "[kind of]"),
        (r"127\.0\.0\.1:\d+", "HOST"),
    ];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(told(&world));
    });
    // Nothing of the tokens is left.
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    let left: i64 = database.query_row("SELECT count(*) FROM revocation", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn tokens_that_arrive_after_a_disconnect_are_revoked_too() {
    let (world, id) = connected().await;
    let refresh = world.disconnect_while_refreshing(&id).await;
    let _ = refresh.await.unwrap();
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Disconnected);
    assert_eq!(live(&world), 0);
}

/// The stored ones are invalid by then.
#[tokio::test]
async fn unsaved_tokens_are_revoked_instead_of_the_stored_ones() {
    let (world, id) = connected().await;
    world.refresh_unsaved(&id).await;
    assert_eq!(world.grapnel.disconnect(&id).await.unwrap().revocation, Revocation::Done);
    assert_eq!(live(&world), 0);
}

/// The app's hosts have changed by the time the provider responds: nothing of the old ones is sent there.
#[tokio::test]
async fn late_tokens_are_not_sent_to_hosts_changed_after_a_disconnect() {
    let (world, id) = connected().await;
    let refresh = world.disconnect_while_refreshing(&id).await;
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let mut new = world.new_app();
    new.overrides = world.grapnel.discover(world.sandbox.custom()).await.unwrap().values;
    let elsewhere = format!("http://{}/revoke", other.local_addr().unwrap());
    new.overrides.insert("revocation_url".into(), elsewhere);
    world.grapnel.change_app(&app.id, new).await.unwrap();
    let _ = refresh.await.unwrap();
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert!(!told(&world).contains("no longer asks for that"), "{}", told(&world));
}

/// A vault that stays locked keeps no token for longer than an unavailable provider.
#[tokio::test]
async fn revocation_with_a_closed_vault_is_given_up_after_some_days() {
    let (mut world, id) = connected().await;
    world.sandbox.faults().set(Endpoint::Api, Fault::ServerError(503), Times::Always).unwrap();
    world.grapnel.disconnect(&id).await.unwrap();
    world.start_again();
    world.keyring.fail(Code::KeyringLocked);
    world.pass(SignedDuration::from_hours(80));
    let (grapnel, mut events) = (world.grapnel.clone(), world.grapnel.events());
    let keeper = tokio::spawn(async move { grapnel.keep_alive().await });
    while told(&world).matches("no longer asks for that").count() < 2 {
        events.recv().await.unwrap();
    }
    keeper.abort();
}

/// A connection to a scripted server, and the result of disconnecting it with these revocation responses.
async fn revoked_with(
    server: &Scripted,
    values: &[(&str, &str)],
    has_refresh: bool,
    replies: Vec<Reply>,
) -> (World, ConnectionId, Disconnected) {
    let world = World::new();
    let refresh = if has_refresh { r#","refresh_token":"refresh-0123456789""# } else { "" };
    server.on(
        "/token",
        [Reply::json(
            200,
            format!(r#"{{"access_token":"access-0123456789","token_type":"Bearer"{refresh}}}"#),
        )],
    );
    server.on("/revoke", replies);
    let revoke = format!("{}/revoke", server.origin);
    let mut new = server.new_app(values);
    new.overrides.insert("revocation_url".into(), revoke);
    new.client_secret = Some(SecretInput("s3cret".into()));
    let app = world.grapnel.add_app(new).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    let disconnected = world.grapnel.disconnect(&id).await.unwrap();
    (world, id, disconnected)
}

fn error(status: u16, code: &str) -> Reply {
    Reply::json(status, format!(r#"{{"error":"{code}"}}"#))
}

#[tokio::test]
async fn an_access_token_revoked_with_its_refresh_token_is_no_failure() {
    let server = Scripted::start().await;
    for code in ["invalid_request", "unsupported_token_type", "invalid_token", "invalid_grant"] {
        let replies = vec![Reply::json(200, ""), error(400, code)];
        let (world, _, disconnected) = revoked_with(&server, &[], true, replies).await;
        assert_eq!(disconnected.revocation, Revocation::Done, "{code}");
        assert!(!told(&world).contains("not revoked"), "{}", told(&world));
    }
}

#[tokio::test]
async fn a_failed_revocation_has_its_reason() {
    let server = Scripted::start().await;
    let ok = || Reply::json(200, "");
    let mut rows = Vec::new();
    for (what, has_refresh, replies) in [
        ("the access token, for the client", true, vec![ok(), error(400, "invalid_client")]),
        ("the access token, with 401", true, vec![ok(), error(401, "invalid_client")]),
        ("the access token, with 403", true, vec![ok(), error(403, "access_denied")]),
        ("the only token", false, vec![error(400, "invalid_request")]),
        ("an only token that is unknown", false, vec![error(400, "invalid_token")]),
        ("both", true, vec![error(400, "invalid_request")]),
        ("the refresh token", true, vec![error(400, "unsupported_token_type"), ok()]),
        ("both, for now", true, vec![Reply::new(503, "text/plain", "")]),
    ] {
        let (_, _, disconnected) = revoked_with(&server, &[], has_refresh, replies).await;
        rows.push(format!("{what}: {:?}", disconnected.revocation));
        let each = disconnected.tokens.iter();
        rows.extend(each.map(|one| format!("  {:?}: {:?} {:?}", one.token, one.revocation, one.reason)));
    }
    let filters = [(r"127\.0\.0\.1(:\d+)?", "HOST")];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(rows.join("\n"));
    });
}

/// The refresh token is revoked later than the first attempt: its state at the retry counts.
#[tokio::test]
async fn a_retried_access_token_revoked_with_its_refresh_token_is_no_failure() {
    let server = Scripted::start().await;
    let is_up = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&is_up);
    server.answer("/revoke", move |asked| {
        let is_access = asked.form().contains(&("token_type_hint".into(), "access_token".into()));
        match shared.load(Ordering::SeqCst) {
            _ if is_access => error(400, "invalid_request"),
            true => Reply::json(200, ""),
            false => Reply::new(503, "text/plain", ""),
        }
    });
    let (world, _, disconnected) = revoked_with(&server, &[], true, Vec::new()).await;
    let pending = [TokenKind::RefreshToken, TokenKind::AccessToken].map(|kind| (kind, Revocation::Pending));
    assert_eq!(each(&disconnected), pending);
    is_up.store(true, Ordering::SeqCst);
    let (grapnel, mut events) = (world.grapnel.clone(), world.grapnel.events());
    let keeper = tokio::spawn(async move { grapnel.keep_alive().await });
    while told(&world).matches("The provider revoked the").count() < 2 {
        tokio::select! {
            _ = world.clock.settled() => world.pass(SignedDuration::from_mins(5)),
            event = events.recv() => drop(event.unwrap()),
        }
    }
    keeper.abort();
    assert!(!told(&world).contains("not revoked"), "{}", told(&world));
}

#[tokio::test]
async fn the_revocation_endpoint_can_have_its_own_authentication_method() {
    let server = Scripted::start().await;
    for (values, is_basic) in [
        (vec![("client_auth", "body"), ("revocation_auth", "basic")], true),
        (vec![("client_auth", "basic"), ("revocation_auth", "body")], false),
        (vec![("client_auth", "basic")], true),
        (vec![("client_auth", "body")], false),
    ] {
        let before = server.received("/revoke").len();
        revoked_with(&server, &values, true, vec![Reply::json(200, "")]).await;
        for asked in &server.received("/revoke")[before..] {
            assert_eq!(asked.header("authorization").is_some(), is_basic, "{values:?}");
            let has_secret = asked.form().iter().any(|(key, _)| key == "client_secret");
            assert_eq!(has_secret, !is_basic, "{values:?}");
        }
    }
}
