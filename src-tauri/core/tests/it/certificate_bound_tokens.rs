//! Access tokens that are bound to the app's TLS certificate (RFC 8705): what replaces them, and who gets them.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use grapnel_core::app::NewApp;
use grapnel_model::access_token::AccessTokenType;
use grapnel_model::connection::State;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::Code;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::ExposeSecret;
use serde_json::json;

#[cfg(target_os = "linux")]
use crate::support::agent_client::{line, serve};
use crate::support::scripted_server::{Reply, Scripted, sign_in};
use crate::support::world::World;

const OPAQUE: &str = "opaque-access-token";

fn grant(access: &str, number: u32) -> Reply {
    let body = json!({
        "access_token": access, "refresh_token": format!("rt{number}"), "token_type": "Bearer",
        "expires_in": 3600, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
    });
    Reply::json(200, body.to_string())
}

/// A JWT that names no certificate.
fn unbound_jwt() -> String {
    let part = |json: serde_json::Value| BASE64.encode(json.to_string());
    format!("{}.{}.c2lnbmVk", part(json!({ "alg": "RS256" })), part(json!({ "sub": "ada" })))
}

async fn signed_in() -> (World, Scripted, ConnectionId) {
    let (world, server) = (World::new(), Scripted::start().await);
    server.on("/token", [grant(OPAQUE, 1)]);
    let app = world.grapnel.add_app(server.new_app(&[("certificate_bound", "true")])).await.unwrap();
    let id = sign_in(&world.grapnel, &app).await.unwrap();
    (world, server, id)
}

async fn token(world: &World, id: &ConnectionId) -> (String, AccessTokenType) {
    let token = world.grapnel.token(id, Duration::ZERO).await.unwrap();
    (token.value.expose_secret().to_owned(), token.token_type)
}

/// A token that anyone could use never replaces a bound one, and the refresh token that came with it is not lost.
#[tokio::test]
async fn a_refresh_that_binds_nothing_is_refused_and_loses_no_refresh_token() {
    let (world, server, id) = signed_in().await;
    server.on("/token", [grant(&unbound_jwt(), 2)]);
    let error = world.grapnel.refresh(&id).await.unwrap_err();
    assert_eq!(error.code, Code::ReconnectNeeded);
    assert!(error.message.contains("did not bind the token to the app’s certificate"), "{error:?}");
    assert_eq!(token(&world, &id).await, (OPAQUE.into(), AccessTokenType::CertificateBound));
    server.on("/token", [grant("another-opaque-token", 3)]);
    world.grapnel.refresh(&id).await.unwrap();
    let sent = server.received("/token").pop().unwrap();
    assert!(sent.form().contains(&("refresh_token".into(), "rt2".into())), "{sent:?}");
    assert_eq!(world.grapnel.connection(&id).unwrap().summary.state, State::Active);
}

/// An API refuses a token of another certificate than the one that the connection to it was made with.
#[tokio::test]
async fn a_token_of_a_replaced_certificate_is_refreshed_before_it_is_used() {
    let (world, server, id) = signed_in().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let removed = [("client_certificate".to_owned(), None)].into();
    world.grapnel.change_app(&app.id, NewApp { secrets: removed, ..app.clone().into() }).await.unwrap();
    server.on("/token", [grant("token-of-the-new-certificate", 2)]);
    let new = ("token-of-the-new-certificate".to_owned(), AccessTokenType::CertificateBound);
    assert_eq!(token(&world, &id).await, new);
    assert_eq!(token(&world, &id).await, new, "once");
}

/// The new token could be used with no other certificate; the old one is not sent with the new certificate.
#[tokio::test]
async fn a_token_of_a_replaced_certificate_is_not_handed_out_if_the_refresh_fails() {
    let (world, server, id) = signed_in().await;
    let app = world.grapnel.apps().unwrap().pop().unwrap();
    let removed = [("client_certificate".to_owned(), None)].into();
    world.grapnel.change_app(&app.id, NewApp { secrets: removed, ..app.clone().into() }).await.unwrap();
    server.on("/token", [Reply::json(400, r#"{"error":"invalid_grant"}"#)]);
    let error = world.grapnel.token(&id, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.code, Code::ReconnectNeeded);
}

/// A JWT says itself whether it is bound.
#[tokio::test]
async fn a_derived_token_is_bound_if_it_says_so() {
    let (world, server, id) = signed_in().await;
    for (value, token_type) in
        [(unbound_jwt(), AccessTokenType::Bearer), ("opaque".into(), AccessTokenType::CertificateBound)]
    {
        server.on("/token", [grant(&value, 2)]);
        let target = TokenTarget { audiences: vec![value.clone()], ..TokenTarget::default() };
        let derived = world.grapnel.derived_token(&id, target, (Duration::ZERO, false)).await.unwrap();
        assert_eq!(derived.token.token_type, token_type, "{value}");
    }
}

/// A program could send it only as a bearer token.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_line_protocol_hands_out_no_bound_token() {
    let (world, _server, id) = signed_in().await;
    let _served = serve(&world, &world.grapnel).await;
    let name = world.grapnel.connection(&id).unwrap().summary.name;
    let request = json!({ "get": "token", "connection": name });
    let told = line(&world, &format!("{request}\n")).await;
    assert!(told["error"]["hint"].as_str().is_some_and(|hint| hint.contains("grapnel proxy")), "{told}");
    assert_eq!(told["access_token"], serde_json::Value::Null);
}
