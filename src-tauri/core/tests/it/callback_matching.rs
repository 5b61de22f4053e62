//! Matching callbacks to sign-ins: by state, redirect URI and issuer, with the parameter names of the app's provider.

use grapnel_core::app::{App, NewApp};
use grapnel_core::authorize::SignInRequest;
use grapnel_model::activity::Kind;
use grapnel_model::attempt::{Attempt, Phase};
use grapnel_model::error::Code;
use grapnel_model::secret::ExposeSecret;

use crate::support::scripted_server::{Reply, Scripted, callback_of};
use crate::support::world::World;

/// A server whose token endpoint accepts any code.
async fn server() -> Scripted {
    let server = Scripted::start().await;
    server.on("/token", [Reply::json(200, r#"{"access_token":"a","token_type":"Bearer"}"#)]);
    server
}

async fn app(world: &World, server: &Scripted, name: &str, values: &[(&str, &str)]) -> App {
    let new = NewApp { name: name.into(), ..server.new_app(values) };
    world.grapnel.add_app(new).await.unwrap()
}

async fn start(world: &World, app: &App) -> Attempt {
    world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap()
}

fn phase(world: &World, attempt: &Attempt) -> Phase {
    world.grapnel.attempt(&attempt.id).unwrap().phase
}

/// RFC 9700 §4.4: the honest server's code arrives with the state of the attacker's sign-in, and names its issuer.
#[tokio::test]
async fn iss_is_checked_even_if_the_app_has_no_issuer() {
    let world = World::new();
    let server = server().await;
    let app = app(&world, &server, "Attacker", &[]).await;
    let attempt = start(&world, &app).await;
    for issuer in
        ["https://honest.example", "http://127.0.0.1:1", "https://127.0.0.1", "not an address", "null"]
    {
        let callback = callback_of(&world.grapnel, &attempt.id, &format!("code=honest&iss={issuer}")).await;
        let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
        assert_eq!(error.code, Code::CallbackInvalid, "{issuer}");
        assert!(
            error.message.contains(issuer) && error.hint.clone().unwrap().contains("issuer="),
            "{error:?}"
        );
        assert_eq!(world.grapnel.attempt(&attempt.id).unwrap().refused, Some(error));
    }
    assert!(server.received("/token").is_empty());
    assert_eq!(phase(&world, &attempt), Phase::Waiting);
    let own = format!("code=own&iss={}/realms/one", server.origin);
    let callback = callback_of(&world.grapnel, &attempt.id, &own).await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(phase(&world, &attempt), Phase::Done);
}

/// RFC 9700 §4.4.2.1: the honest server redirects the browser to the redirect URI of its own app.
#[tokio::test]
async fn a_code_at_another_apps_redirect_uri_is_refused() {
    let world = World::new();
    let (attacker, honest) = (server().await, server().await);
    for redirect in ["", "deep-link", "loopback"] {
        let of = |server: &Scripted, name: &str| NewApp {
            name: format!("{name} {redirect}"),
            redirect: redirect.into(),
            ..server.new_app(&[])
        };
        let of_attacker = world.grapnel.add_app(of(&attacker, "Attacker")).await.unwrap();
        let of_honest = world.grapnel.add_app(of(&honest, "Honest")).await.unwrap();
        assert_ne!(of_attacker.redirect_uri, of_honest.redirect_uri);
        assert_eq!((of_attacker.own_redirect_uri, of_honest.own_redirect_uri), (None, None));
        let attempt = world.grapnel.start_attempt(&of_attacker.id, &SignInRequest::default()).await.unwrap();
        let own = callback_of(&world.grapnel, &attempt.id, "code=honest").await;
        let (_, query) = own.expose_secret().split_once('?').unwrap();
        let mixed_up = format!("{}?{query}", of_honest.redirect_uri);
        let error = world.grapnel.receive_callback(&mixed_up.into()).await.unwrap_err();
        assert_eq!(error.code, Code::CallbackInvalid);
        assert_eq!(phase(&world, &attempt), Phase::Waiting);
    }
    assert!(attacker.received("/token").is_empty() && honest.received("/token").is_empty());
}

/// An app of an earlier version keeps its redirect URI, and is offered one of its own, which is always the same.
#[tokio::test]
async fn an_app_with_the_shared_redirect_uri_is_offered_one_of_its_own() {
    let world = World::new();
    let server = server().await;
    for (shared, way) in [
        ("dev.grapnel.desktop:/oauth/callback", "deep-link"),
        ("http://127.0.0.1/callback", "loopback"),
        ("http://127.0.0.1:8411/callback", "loopback:8411"),
    ] {
        let new = || NewApp { name: way.into(), redirect: shared.into(), ..server.new_app(&[]) };
        let app = world.grapnel.add_app(new()).await.unwrap();
        assert_eq!(app.redirect_uri, shared);
        let offered = app.own_redirect_uri.unwrap();
        let known = world.grapnel.apps().unwrap().into_iter().find(|one| one.id == app.id).unwrap();
        assert_eq!(known.own_redirect_uri.as_ref(), Some(&offered));
        let changed =
            world.grapnel.change_app(&app.id, NewApp { redirect: way.into(), ..new() }).await.unwrap();
        assert_eq!((changed.redirect_uri, changed.own_redirect_uri), (offered, None));
    }
}

#[tokio::test]
async fn callback_parameter_names_of_one_app_do_not_affect_another() {
    let world = World::new();
    let server = server().await;
    app(&world, &server, "Odd", &[("callback_code", "ticket"), ("callback_state", "page")]).await;
    let plain = app(&world, &server, "Plain", &[]).await;
    let attempt = start(&world, &plain).await;
    let callback = callback_of(&world.grapnel, &attempt.id, "code=k&ticket=7&page=2").await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(phase(&world, &attempt), Phase::Done);
}

#[tokio::test]
async fn a_custom_state_parameter_matches_only_its_app() {
    let world = World::new();
    let server = server().await;
    let odd = app(&world, &server, "Odd", &[("callback_code", "ticket"), ("callback_state", "page")]).await;
    let plain = app(&world, &server, "Plain", &[]).await;
    let (odd, plain) = (start(&world, &odd).await, start(&world, &plain).await);
    let state = |callback: &str| callback.split_once("&state=").unwrap().1.to_owned();
    let of_odd = state(callback_of(&world.grapnel, &odd.id, "code=k").await.expose_secret());
    let of_plain = state(callback_of(&world.grapnel, &plain.id, "code=k").await.expose_secret());
    for query in [format!("code=k&page={of_plain}"), format!("code=k&state={of_plain}&page={of_odd}")] {
        let callback = format!("{}?{query}", plain.redirect_uri);
        world.grapnel.receive_callback(&callback.into()).await.unwrap_err();
        assert_eq!((phase(&world, &odd), phase(&world, &plain)), (Phase::Waiting, Phase::Waiting));
    }
    let callback = format!("{}?ticket=k&page={of_odd}", odd.redirect_uri);
    world.grapnel.receive_callback(&callback.into()).await.unwrap();
    assert_eq!(phase(&world, &odd), Phase::Done);
}

#[tokio::test]
async fn a_standard_parameter_cannot_be_a_custom_name() {
    let world = World::new();
    let server = server().await;
    for (key, name) in [
        ("callback_code", "state"),
        ("callback_code", "iss"),
        ("callback_code", "session_state"),
        ("callback_code", "error"),
        ("callback_state", "code"),
        ("callback_state", "scope"),
    ] {
        let error = world.grapnel.add_app(server.new_app(&[(key, name)])).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some(key), "{name}");
    }
    let both = [("callback_code", "answer"), ("callback_state", "answer")];
    assert_eq!(
        world.grapnel.add_app(server.new_app(&both)).await.unwrap_err().field.as_deref(),
        Some("callback_state")
    );
}

#[tokio::test]
async fn a_missing_iss_is_refused_if_announced() {
    let world = World::new();
    let server = server().await;
    let values = [("issuer", server.origin.as_str()), ("require_iss", "true")];
    let app = app(&world, &server, "Promised", &values).await;
    let attempt = start(&world, &app).await;
    let callback = callback_of(&world.grapnel, &attempt.id, "code=k").await;
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert!(error.hint.unwrap().contains("require_iss=false"));
    assert_eq!(phase(&world, &attempt), Phase::Waiting);
    assert!(server.received("/token").is_empty());

    // No code is exposed: the sign-in ends with the server's error.
    let callback =
        callback_of(&world.grapnel, &attempt.id, "error=invalid_request&error_description=nonce").await;
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert!(error.message.contains("invalid_request") && error.message.contains("nonce"), "{error:?}");
    assert_eq!(phase(&world, &attempt), Phase::Failed);

    // An error from another issuer does not end it.
    let attempt = start(&world, &app).await;
    let callback =
        callback_of(&world.grapnel, &attempt.id, "error=access_denied&iss=https://other.example").await;
    assert_eq!(world.grapnel.receive_callback(&callback).await.unwrap_err().code, Code::CallbackInvalid);
    assert_eq!(phase(&world, &attempt), Phase::Waiting);
}

#[tokio::test]
async fn a_callback_without_state_is_quoted_and_changes_nothing() {
    let world = World::new();
    let server = server().await;
    let app = app(&world, &server, "Plain", &[]).await;
    let attempt = start(&world, &app).await;
    for state in ["", "&state=another"] {
        let long = "x".repeat(10_000);
        let words = format!("error=access_denied&error_description=no%1B[2J%E2%80%AE{long}{state}");
        let callback = format!("{}?{words}", attempt.redirect_uri);
        let error = world.grapnel.receive_callback(&callback.into()).await.unwrap_err();
        assert!(error.message.contains("It says “access_denied: no"), "{error}");
        assert!(error.message.len() < 600 && !error.message.contains(['\u{1b}', '\u{202e}']), "{error}");
        let attempt = world.grapnel.attempt(&attempt.id).unwrap();
        assert_eq!((attempt.phase, attempt.refused), (Phase::Waiting, Some(error)));
    }
    let callback = callback_of(&world.grapnel, &attempt.id, "code=k").await;
    world.grapnel.receive_callback(&callback).await.unwrap();
    assert_eq!(phase(&world, &attempt), Phase::Done);
}

#[tokio::test]
async fn forged_callbacks_share_one_activity_entry() {
    let world = World::new();
    let server = server().await;
    let app = app(&world, &server, "Plain", &[]).await;
    let attempt = start(&world, &app).await;
    for number in 0..60 {
        let forged =
            format!("{}?code=k&error_description={number}&state=forged{number}", attempt.redirect_uri);
        world.grapnel.receive_callback(&forged.into()).await.unwrap_err();
        let other = format!("{}?error=x{number}&iss=https://{number}.example&state=f", attempt.redirect_uri);
        world.grapnel.receive_callback(&other.into()).await.unwrap_err();
    }
    let entries = world.grapnel.activity(None, None).unwrap();
    let refused: Vec<u32> =
        entries.iter().filter(|entry| entry.kind == Kind::CallbackRefused).map(|entry| entry.times).collect();
    assert_eq!(refused, [120]);
}

/// Without PKCE, a code that was used already may have been used by someone else.
#[tokio::test]
async fn a_code_that_may_have_been_used_by_others_is_reported() {
    let world = World::new();
    let server = Scripted::start().await;
    for (pkce, error, says) in [
        ("never", "invalid_grant", true),
        ("never", "invalid_request", true),
        ("always", "invalid_grant", false),
    ] {
        server.on("/token", [Reply::json(400, format!(r#"{{"error":"{error}"}}"#))]);
        let app = app(&world, &server, &format!("{pkce} {error}"), &[("pkce", pkce)]).await;
        assert_eq!(app.uses_pkce, pkce == "always");
        let attempt = start(&world, &app).await;
        let callback = callback_of(&world.grapnel, &attempt.id, "code=k").await;
        let refused = world.grapnel.receive_callback(&callback).await.unwrap_err();
        assert_eq!(refused.hint.unwrap().contains("someone else used it first"), says, "{pkce} {error}");
    }
}
