//! The client credentials grant (RFC 6749 §4.4): a token without a person, asked for anew instead of refreshed.

use std::time::Duration;

use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_core::clock::Clock;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::connection::{Details, State};
use grapnel_model::error::{Code, Error};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::GrantType;
use grapnel_model::revocation::Revocation;
use grapnel_model::secret::{ExposeSecret, SecretInput};
use jiff::SignedDuration;

use crate::support::keep_alive::keep_alive;
use crate::support::scripted_server::{GRANT, Reply, Scripted};
use crate::support::world::{World, again, end_of};

/// A token response with the number of the token.
fn token(number: u32) -> Reply {
    Reply::json(
        200,
        format!(r#"{{"access_token":"token-{number}-of-the-app","token_type":"Bearer","expires_in":3600}}"#),
    )
}

fn new_app(server: &Scripted, own: &[(&str, &str)]) -> NewApp {
    let grant = [("grant_type", "client_credentials"), ("authorize_url", "")];
    NewApp {
        client_secret: Some(SecretInput("the-secret-of-the-app".into())),
        scopes: vec!["notes:read".into(), "notes:write".into()],
        ..server.new_app(&[&grant, own].concat())
    }
}

/// Connects an app, and waits for the end.
async fn connect(world: &World, app: &App, wanted: &SignInRequest) -> Attempt {
    let mut events = world.grapnel.events();
    let attempt = world.grapnel.start_attempt(&app.id, wanted).await.unwrap();
    assert_eq!(attempt.grant_type, GrantType::ClientCredentials);
    *end_of(&mut events, &attempt.id).await
}

async fn connected(server: &Scripted) -> (World, App, ConnectionId) {
    let world = World::new();
    let app = world.grapnel.add_app(new_app(server, &[])).await.unwrap();
    let attempt = connect(&world, &app, &SignInRequest::default()).await;
    assert_eq!(attempt.phase, Phase::Done, "{:?}", attempt.error);
    (world, app, attempt.connection_id.unwrap())
}

fn details(world: &World, id: &ConnectionId) -> Details {
    world.grapnel.connection(id).unwrap()
}

fn all_of(error: &Error) -> String {
    [Some(&error.message), error.meaning.as_ref(), error.hint.as_ref()]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n  ")
}

#[tokio::test]
async fn an_app_connects_as_itself_without_a_browser() {
    let server = Scripted::start().await;
    // A refresh token is not to be issued (§4.4.3), and is not kept.
    server.on("/token", [Reply::json(200, GRANT)]);
    let (world, _, id) = connected(&server).await;
    let requests = server.all_received();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let form: Vec<String> =
        requests[0].form().iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(form, ["grant_type=client_credentials", "scope=notes:read notes:write"]);
    assert!(requests[0].header("authorization").unwrap().starts_with("Basic "));
    let details = details(&world, &id);
    assert_eq!((details.summary.state, details.account), (State::Active, None));
    assert!(details.summary.can_refresh);
    assert_eq!(details.identity_note.as_deref(), Some("The token is the app’s own: no person signed in."));
    assert_eq!(details.summary.sign_in_due, None);
    let tokens = details.tokens.unwrap();
    assert_eq!((tokens.grant_type, tokens.refresh.is_some()), (GrantType::ClientCredentials, false));
    // Asked anew before it expires.
    let due = details.refreshes_at.unwrap();
    assert!(due > world.clock.now() && due < tokens.expires_at.unwrap());
}

#[tokio::test]
async fn extra_values_and_resources_are_sent_with_each_request() {
    let server = Scripted::start().await;
    server.on("/token", [token(1)]);
    let world = World::new();
    let own = [
        ("resource", "https://api.example"),
        ("token.audience", "notes"),
        ("client_auth", "body"),
        ("scope_separator", "comma"),
    ];
    let app = world.grapnel.add_app(new_app(&server, &own)).await.unwrap();
    let id = connect(&world, &app, &SignInRequest::default()).await.connection_id.unwrap();
    world.grapnel.refresh(&id).await.unwrap();
    let sent: Vec<String> = server
        .received("/token")
        .iter()
        .map(|one| format!("{:?} {}", one.header("authorization"), one.body))
        .collect();
    assert_eq!(sent[0], sent[1]);
    insta::assert_snapshot!(sent[0].replace('&', "\n&"));
}

#[tokio::test]
async fn a_refresh_asks_anew() {
    let server = Scripted::start().await;
    server.on("/token", [token(1), token(2), token(3), token(4)]);
    let (world, app, id) = connected(&server).await;
    let value = async |world: &World| {
        world.grapnel.token(&id, Duration::ZERO).await.unwrap().value.expose_secret().to_owned()
    };
    assert_eq!(value(&world).await, "token-1-of-the-app");
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(value(&world).await, "token-2-of-the-app");
    // Expired: the caller gets a new one.
    world.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(details(&world, &id).summary.state, State::Expired);
    assert_eq!(value(&world).await, "token-3-of-the-app");
    let rejected = world.grapnel.token_instead_of_rejected(&id, Duration::ZERO).await.unwrap();
    assert_eq!(rejected.value.expose_secret(), "token-4-of-the-app");
    assert_eq!(details(&world, &id).tokens.unwrap().refresh_count, 3);
    // Reconnecting is a request as well.
    let attempt = connect(&world, &app, &again(&id)).await;
    assert_eq!((attempt.phase, attempt.connection_id.as_ref()), (Phase::Done, Some(&id)));
    assert_eq!(world.grapnel.connections().unwrap().len(), 1);
}

#[tokio::test]
async fn it_is_asked_for_automatically_before_the_token_expires() {
    let server = Scripted::start().await;
    server.on("/token", [token(1), token(2)]);
    let (world, _, id) = connected(&server).await;
    let _keeper = keep_alive(&world);
    let due = world.clock.settled().await;
    world.clock.advance(world.clock.now().duration_until(due));
    world.clock.settled_anew(due).await;
    assert_eq!(details(&world, &id).tokens.unwrap().refresh_count, 1);
    assert_eq!(server.received("/token").len(), 2);
}

/// Nothing rotates: a lost answer is an ordinary failure, and nothing says that tokens may have been replaced.
#[tokio::test]
async fn a_lost_answer_does_no_harm() {
    let server = Scripted::start().await;
    server.on("/token", [token(1), Reply::dropped(), Reply::json(503, "{}"), token(2)]);
    let (world, _, id) = connected(&server).await;
    for _ in 0..2 {
        let error = world.grapnel.refresh(&id).await.unwrap_err();
        assert_eq!(error.code, Code::ProviderUnavailable);
        assert!(!all_of(&error).contains("replaced"), "{}", all_of(&error));
        assert_eq!(details(&world, &id).summary.state, State::Retrying);
        let lost: bool = rusqlite::Connection::open(world.home.path().join("grapnel.db"))
            .unwrap()
            .query_row("SELECT answer_lost FROM connection", [], |row| row.get(0))
            .unwrap();
        assert!(!lost);
    }
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(details(&world, &id).summary.state, State::Active);
}

#[tokio::test]
async fn a_request_that_a_crash_interrupted_is_repeated() {
    let server = Scripted::start().await;
    server.on("/token", [token(1), token(2)]);
    let (mut world, _, id) = connected(&server).await;
    let database = rusqlite::Connection::open(world.home.path().join("grapnel.db")).unwrap();
    database.execute("UPDATE connection SET refresh_begun = '2026-11-20T09:00:00Z'", []).unwrap();
    world.start_again();
    let found = details(&world, &id);
    let error = found.error.unwrap();
    assert_eq!((found.summary.state, error.code), (State::Retrying, Code::ProviderUnavailable));
    assert!(!all_of(&error).contains("replaced"), "{}", all_of(&error));
    world.grapnel.refresh(&id).await.unwrap();
    assert_eq!(details(&world, &id).error, None);
}

#[tokio::test]
async fn a_refusal_says_what_to_correct() {
    let server = Scripted::start().await;
    let refusals = [
        (401, "invalid_client"),
        (400, "unauthorized_client"),
        (400, "invalid_scope"),
        (400, "unsupported_grant_type"),
        (400, "invalid_grant"),
        (400, "temporarily_unavailable"),
    ];
    let mut told = Vec::new();
    for (status, code) in refusals {
        let refusal = Reply::json(status, format!(r#"{{"error":"{code}"}}"#));
        server.on("/token", [token(1), refusal.clone()]);
        let (world, app, id) = connected(&server).await;
        let error = world.grapnel.refresh(&id).await.unwrap_err();
        let state = details(&world, &id).summary.state;
        told.push(format!("{code}: {state:?} {:?}\n  {}", error.code, all_of(&error)));
        if code == "invalid_scope" {
            server.on("/token", [refusal]);
            let attempt = connect(&world, &app, &SignInRequest::default()).await;
            let error = attempt.error.unwrap();
            told.push(format!("at the beginning: {:?}\n  {}", error.code, all_of(&error)));
        }
    }
    insta::assert_snapshot!(told.join("\n").replace(server.origin.trim_start_matches("http://"), "HOST"));
}

#[tokio::test]
async fn a_persons_tokens_and_those_of_the_app_never_replace_each_other() {
    let server = Scripted::start().await;
    server.on("/token", [token(1)]);
    let (world, app, id) = connected(&server).await;
    // The app changes to a grant with a person: the connection needs one now.
    let mut code = NewApp::from(app.clone());
    code.overrides.remove("grant_type");
    code.overrides.insert("authorize_url".into(), format!("{}/authorize", server.origin));
    let app = world.grapnel.change_app(&app.id, code).await.unwrap();
    let error = world.grapnel.refresh(&id).await.unwrap_err();
    assert_eq!(error.code, Code::ReconnectNeeded);
    assert_eq!(server.received("/token").len(), 1, "nothing was sent");
    // A person signs in, without a refresh token; then the app changes back.
    crate::support::scripted_server::sign_in(&world.grapnel, &app).await.unwrap();
    let other = world.grapnel.connections().unwrap().into_iter().find(|one| one.id != id).unwrap().id;
    let mut own = NewApp::from(app.clone());
    own.overrides.insert("grant_type".into(), "client_credentials".into());
    world.grapnel.change_app(&app.id, own).await.unwrap();
    let sent = server.received("/token").len();
    assert_eq!(world.grapnel.refresh(&other).await.unwrap_err().code, Code::ReconnectNeeded);
    assert_eq!(server.received("/token").len(), sent);
    world.grapnel.refresh(&id).await.unwrap();
}

#[tokio::test]
async fn disconnecting_revokes_the_access_token() {
    let server = Scripted::start().await;
    server.on("/token", [token(1)]);
    server.on("/revoke", [Reply::json(200, "{}")]);
    let world = World::new();
    let revocation = format!("{}/revoke", server.origin);
    let app = world.grapnel.add_app(new_app(&server, &[("revocation_url", &revocation)])).await.unwrap();
    let id = connect(&world, &app, &SignInRequest::default()).await.connection_id.unwrap();
    assert_eq!(world.grapnel.disconnect(&id).await.unwrap().revocation, Revocation::Done);
    let revoked = server.received("/revoke");
    assert_eq!(revoked.len(), 1);
    assert!(revoked[0].body.contains("token=token-1-of-the-app"), "{}", revoked[0].body);
    assert_eq!(details(&world, &id).summary.state, State::Disconnected);
}

#[tokio::test]
async fn the_grant_needs_a_client_that_authenticates() {
    let (world, server) = (World::new(), Scripted::start().await);
    let no_secret = NewApp { client_secret: None, ..new_app(&server, &[]) };
    assert_eq!(world.grapnel.add_app(no_secret).await.unwrap_err().field.as_deref(), Some("client_secret"));
    let no_auth = new_app(&server, &[("client_auth", "none")]);
    assert_eq!(world.grapnel.add_app(no_auth).await.unwrap_err().field.as_deref(), Some("client_auth"));
    let app = world.grapnel.add_app(new_app(&server, &[])).await.unwrap();
    let hinted = SignInRequest { login_hint: Some("ann@id.example".into()), ..SignInRequest::default() };
    let error = world.grapnel.start_attempt(&app.id, &hinted).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("login_hint"));
    assert!(server.all_received().is_empty());
}

/// A server whose clock is at the end of time: nothing is computed with it.
#[tokio::test]
async fn an_impossible_date_ends_the_attempt_with_an_error() {
    let server = Scripted::start().await;
    let refused =
        Reply::json(401, r#"{"error":"invalid_client"}"#).header("date", "Thu, 30 Dec 9999 22:00:00 GMT");
    server.on("/token", [refused]);
    let world = World::new();
    let app = world.grapnel.add_app(new_app(&server, &[("client_auth", "secret_jwt")])).await.unwrap();
    let attempt = connect(&world, &app, &SignInRequest::default()).await;
    assert_eq!(
        (attempt.phase, attempt.error.map(|error| error.code)),
        (Phase::Failed, Some(Code::InvalidClient))
    );
    assert_eq!(server.received("/token").len(), 1);
}
