//! Unusual token responses of custom providers.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::error::{Code, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretInput};

use crate::support::scripted_server::{Reply, Scripted, callback_of, sign_in};
use crate::support::world::World;

#[tokio::test]
async fn a_response_that_follows_rfc_6749_creates_a_connection() {
    let (world, server) = (World::new(), Scripted::start().await);
    let grant = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600}"#;
    server.on("/token", [Reply::json(200, grant)]);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    assert!(world.grapnel.connection(&id).unwrap().deviations.is_empty());
    let [asked] = server.received("/token").try_into().unwrap();
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(asked.form().contains(&("code".into(), "the-code-of-this-sign-in".into())));
}

#[tokio::test]
async fn an_exchange_without_response_or_with_a_redirect_creates_no_connection() {
    let (world, server) = (World::new(), Scripted::start().await);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let redirect = Reply::new(307, "text/plain", "").header("location", &format!("{}/other", server.origin));
    for reply in [Reply::dropped(), redirect] {
        server.on("/token", [reply]);
        sign_in(&world.grapnel, &app).await.unwrap_err();
    }
    assert!(world.grapnel.connections().unwrap().is_empty());
    assert!(server.received("/other").is_empty(), "no redirect is followed");
}

/// The result of a sign-in whose code exchange gets this response.
async fn signed_in(
    world: &World,
    server: &Scripted,
    values: &[(&str, &str)],
    body: &str,
) -> Result<ConnectionId> {
    server.on("/token", [Reply::json(200, body)]);
    let app = match world.grapnel.apps().unwrap().pop() {
        Some(app) => app,
        None => world.grapnel.add_app(server.new_app(values)).await.unwrap(),
    };
    sign_in(&world.grapnel, &app).await
}

#[tokio::test]
async fn a_token_invalid_in_a_header_is_never_stored() {
    let (world, server) = (World::new(), Scripted::start().await);
    for bad in [r"a\nb", "a b", r"a\u0000", "é", r"a\r\nX-Evil: 1", r"\u007f"] {
        for member in ["access_token", "refresh_token", "id_token"] {
            let mut grant = serde_json::json!({ "access_token": "good", "token_type": "bearer" });
            grant[member] = "BAD".into();
            let body = grant.to_string().replace("BAD", bad);
            let error = signed_in(&world, &server, &[], &body).await.unwrap_err();
            assert_eq!(error.code, Code::ReplyInvalid, "{body}");
            assert!(error.message.contains(member), "{}", error.message);
        }
    }
    assert!(world.grapnel.connections().unwrap().is_empty());
}

#[tokio::test]
async fn a_refresh_with_such_a_token_keeps_the_old_tokens() {
    let (world, server) = (World::new(), Scripted::start().await);
    let grant = r#"{"access_token":"first-token","refresh_token":"r1","expires_in":3600}"#;
    let id = signed_in(&world, &server, &[], grant).await.unwrap();
    let before = world.grapnel.connection(&id).unwrap().tokens;
    server.on("/token", [Reply::json(200, r#"{"access_token":"a\nb","refresh_token":"r2"}"#)]);
    let error = world.grapnel.refresh(&id).await.unwrap_err();
    assert!(error.message.contains("a line break"), "{}", error.message);
    assert!(error.meaning.unwrap().contains("may have made the old refresh token void"));
    assert_eq!(world.grapnel.connection(&id).unwrap().tokens, before);
    let token = world.grapnel.token(&id, Duration::ZERO).await.unwrap().value;
    assert_eq!(token.expose_secret(), "first-token");
}

#[tokio::test]
async fn unknown_token_types_are_noted_and_proof_of_possession_is_refused() {
    let (world, server) = (World::new(), Scripted::start().await);
    for kind in ["bot", "user", "Session", "BEARER", "access"] {
        let body = format!(r#"{{"access_token":"t1","token_type":"{kind}"}}"#);
        let id = signed_in(&world, &server, &[], &body).await.unwrap();
        let noted = world.grapnel.connection(&id).unwrap().deviations;
        let is_noted = noted.iter().any(|one| one.member == "token_type" && one.found.contains(kind));
        assert_eq!(is_noted, !kind.eq_ignore_ascii_case("bearer"), "{kind}: {noted:?}");
    }
    for kind in ["mac", "DPoP", "pop", "hok", "at+pop"] {
        let body = format!(r#"{{"access_token":"t1","token_type":"{kind}"}}"#);
        let error = signed_in(&world, &server, &[], &body).await.unwrap_err();
        assert!(error.message.contains(kind), "{}", error.message);
    }
}

#[tokio::test]
async fn a_nested_grant_is_reported_and_used_if_configured() {
    let (world, server) = (World::new(), Scripted::start().await);
    let slack = r#"{"ok":true,"authed_user":{"id":"U1","access_token":"xoxp-1","token_type":"user"}}"#;
    let error = signed_in(&world, &server, &[], slack).await.unwrap_err();
    assert!(error.hint.unwrap().contains("token_path=authed_user"));
    let world = World::new();
    let id = signed_in(&world, &server, &[("token_path", "authed_user")], slack).await.unwrap();
    assert_eq!(world.grapnel.token(&id, Duration::ZERO).await.unwrap().value.expose_secret(), "xoxp-1");
}

#[tokio::test]
async fn a_failed_exchange_shows_the_redacted_response() {
    let (world, server) = (World::new(), Scripted::start().await);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let page = "<h1>No such code: one-time-code-0123456789</h1>";
    server.on("/token", [Reply::new(500, "text/html", page).header("x-request-id", "req-7")]);
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let callback = callback_of(&world.grapnel, &attempt.id, "code=one-time-code-0123456789").await;
    world.grapnel.receive_callback(&callback).await.unwrap_err();
    let exchange = world.grapnel.attempt(&attempt.id).unwrap().exchange;
    let seen = exchange.last().unwrap().reply.as_ref().unwrap();
    assert_eq!((seen.status, seen.body.as_str()), (500, "<h1>No such code: [secret]</h1>"));
    assert!(seen.headers.contains(&("x-request-id".into(), "req-7".into())), "{:?}", seen.headers);
}

#[tokio::test]
async fn an_id_token_alone_is_explained_by_missing_api_scopes() {
    let (world, server) = (World::new(), Scripted::start().await);
    let new = NewApp { scopes: vec!["openid".into()], ..server.new_app(&[]) };
    server.on("/token", [Reply::json(200, r#"{"id_token":"h.p.s","token_type":"Bearer"}"#)]);
    let app = world.grapnel.add_app(new).await.unwrap();
    let error = sign_in(&world.grapnel, &app).await.unwrap_err();
    assert!(error.message.contains("no scope of an API was asked for"), "{}", error.message);
    assert!(error.meaning.unwrap().contains("Scopes asked for: openid."));
}

#[tokio::test]
async fn a_secret_is_sent_unencoded_if_configured() {
    let (world, server) = (World::new(), Scripted::start().await);
    let secret = "a~b+c/d=:% @ e";
    let with = |values: &[(&str, &str)]| NewApp {
        client_secret: Some(SecretInput(secret.into())),
        name: values.iter().map(|(_, value)| *value).collect(),
        ..server.new_app(values)
    };
    server.on("/token", [Reply::json(401, r#"{"error":"invalid_client"}"#)]);
    let basic = world.grapnel.add_app(with(&[("client_auth", "basic")])).await.unwrap();
    let hint = sign_in(&world.grapnel, &basic).await.unwrap_err().hint.unwrap();
    assert!(
        hint.contains("basic_raw") && hint.contains("body") && hint.contains("grapnel app set"),
        "{hint}"
    );
    let raw = world.grapnel.add_app(with(&[("client_auth", "basic_raw")])).await.unwrap();
    sign_in(&world.grapnel, &raw).await.unwrap_err();
    let sent = server.received("/token");
    let [_, asked] = sent.as_slice() else { panic!("{sent:?}") };
    let expected = format!("Basic {}", BASE64.encode(format!("c1:{secret}")));
    assert_eq!(asked.header("authorization"), Some(expected.as_str()));
    assert!(asked.form().iter().all(|(name, _)| name != "client_secret"));
}

#[tokio::test]
async fn a_providers_description_of_a_denial_is_shown() {
    let (world, server) = (World::new(), Scripted::start().await);
    let app = world.grapnel.add_app(server.new_app(&[])).await.unwrap();
    let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
    let answer = "error=access_denied&error_description=AADSTS65004:%20Need%20admin%20approval.";
    let callback = callback_of(&world.grapnel, &attempt.id, answer).await;
    let error = world.grapnel.receive_callback(&callback).await.unwrap_err();
    assert_eq!(error.code, Code::AccessDenied);
    assert!(error.message.ends_with("It says: “AADSTS65004: Need admin approval.”"), "{}", error.message);
}
