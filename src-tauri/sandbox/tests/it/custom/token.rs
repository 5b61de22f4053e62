//! The token endpoint: client authentication, refusals, and rotation.

use std::collections::BTreeSet;

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::custom::{CLIENT_ID, CLIENT_SECRET, TOKEN_PATH};
use grapnel_sandbox::{DepartureKind, Options};
use reqwest::Method;
use serde_json::json;

use super::{REDIRECT, SCOPE, code, exchange, other_app, refresh};
use crate::harness::{Harness, Reply, VERIFIER, harness, harness_with, pair};
use crate::provider_client::{claims, send, text};

const NO_CREDENTIALS: [(&str, &str); 2] = [("client_id", ""), ("client_secret", "")];

async fn exchange_by_basic(harness: &Harness, code: &str, id: &str, secret: &str) -> Reply {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let request = harness.at(Custom).request(Method::POST, TOKEN_PATH).basic_auth(id, Some(secret));
    send(request.form(&form)).await
}

fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn the_exchange_reply_follows_rfc_6749() {
    let harness = harness();
    let reply = exchange(&harness, &code(&harness, &[("scope", "notes:read")]).await, &[]).await;
    let body = reply.json();
    let members: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        BTreeSet::from(["access_token", "expires_in", "refresh_token", "scope", "token_type"])
    );
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_openid_scope_adds_an_id_token() {
    let harness = harness();
    let reply = exchange(&harness, &code(&harness, &[("nonce", "n1")]).await, &[]).await;
    assert_eq!(reply.json()["scope"], SCOPE);
    let told = claims(&text(&reply, "id_token"));
    assert_eq!((&told["iss"], &told["aud"]), (&json!(harness.sandbox.custom()), &json!(CLIENT_ID)));
    assert_eq!(told["sub"], "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70");
    assert_eq!(told["nonce"], "n1");
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 300);
}

#[tokio::test]
async fn http_basic_credentials_are_form_decoded() {
    let app = other_app();
    let harness = harness_with(Options::default().with_custom_app(app.clone()));
    let asked = [("client_id", app.client_id.as_str())];
    let (id, secret) = (form_encoded(&app.client_id), form_encoded(&app.client_secret));
    assert_eq!(exchange_by_basic(&harness, &code(&harness, &asked).await, &id, &secret).await.status, 200);
    assert!(harness.sandbox.departures().is_empty());
    let plain = exchange_by_basic(&harness, &code(&harness, &asked).await, &id, &app.client_secret).await;
    plain.refused(401, "invalid_client");
    let by_basic = exchange_by_basic(&harness, &code(&harness, &[]).await, CLIENT_ID, CLIENT_SECRET).await;
    assert_eq!(by_basic.status, 200);
}

#[tokio::test]
async fn failed_client_authentication_is_refused() {
    let harness = harness();
    let code = code(&harness, &[]).await;
    exchange(&harness, &code, &[("client_secret", "wrong")]).await.refused(401, "invalid_client");
    harness.departed_once(DepartureKind::WrongClient, "client_id or client_secret");
    let nobody = exchange(&harness, &code, &NO_CREDENTIALS).await;
    nobody.refused(401, "invalid_client");
    assert_eq!(nobody.header("www-authenticate"), "");
    let by_basic = exchange_by_basic(&harness, &code, CLIENT_ID, "wrong").await;
    by_basic.refused(401, "invalid_client");
    assert!(by_basic.header("www-authenticate").starts_with("Basic"));
    let twice =
        harness.at(Custom).request(Method::POST, TOKEN_PATH).basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
    let form = [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    send(twice.form(&form)).await.refused(400, "invalid_request");
    assert_eq!(
        harness.departed().last().unwrap(),
        &(DepartureKind::RepeatedParameter, "client_secret".to_owned())
    );
    let mixed =
        harness.at(Custom).request(Method::POST, TOKEN_PATH).basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
    send(mixed.form(&[("grant_type", "refresh_token"), ("client_id", "other")]))
        .await
        .refused(401, "invalid_client");
    let bearer = harness.at(Custom).request(Method::POST, TOKEN_PATH).bearer_auth("x");
    send(bearer.form(&[("grant_type", "refresh_token")])).await.refused(401, "invalid_client");
}

#[tokio::test]
async fn each_invalid_exchange_is_refused() {
    let harness = harness();
    let code = code(&harness, &[]).await;
    let other = VERIFIER.replace('d', "e");
    for (pairs, error, kind) in [
        (&[("code_verifier", "")][..], "invalid_grant", DepartureKind::MissingParameter),
        (&[("code_verifier", &*other)], "invalid_grant", DepartureKind::PkceMismatch),
        (&[("redirect_uri", "")], "invalid_request", DepartureKind::MissingParameter),
        (
            &[("redirect_uri", "http://127.0.0.1:3001/callback")],
            "invalid_grant",
            DepartureKind::RedirectMismatch,
        ),
        (&[("code", "made-up")], "invalid_grant", DepartureKind::UnknownCode),
        (&[("grant_type", "password")], "unsupported_grant_type", DepartureKind::WrongValue),
    ] {
        harness.sandbox.departures().clear();
        exchange(&harness, &code, pairs).await.refused(400, error);
        assert_eq!(harness.departed()[0].0, kind, "{pairs:?}");
    }
    assert_eq!(exchange(&harness, &code, &[]).await.status, 200);
    harness.at(Custom).json(TOKEN_PATH, &json!({})).await.refused(415, "invalid_request");
}

#[tokio::test]
async fn a_replayed_code_revokes_its_tokens() {
    let harness = harness();
    let code = code(&harness, &[]).await;
    let (_, token) = pair(&exchange(&harness, &code, &[]).await);
    exchange(&harness, &code, &[]).await.refused(400, "invalid_grant");
    refresh(&harness, &token, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_rotates_and_its_reuse_revokes_the_grant() {
    let harness = harness();
    let (_, old) = pair(&exchange(&harness, &code(&harness, &[]).await, &[]).await);
    let reply = refresh(&harness, &old, &[]).await;
    let (access, new) = pair(&reply);
    assert_eq!((reply.json()["scope"].as_str(), reply.json().get("id_token")), (Some(SCOPE), None));
    refresh(&harness, &old, &[]).await.refused(400, "invalid_grant");
    harness.departed_once(DepartureKind::RotatedRefreshToken, "refresh_token");
    refresh(&harness, &new, &[]).await.refused(400, "invalid_grant");
    harness.at(Custom).get_as("/userinfo", &access).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_may_not_request_scopes_beyond_the_grant() {
    let harness = harness();
    let (_, token) = pair(&exchange(&harness, &code(&harness, &[]).await, &[]).await);
    refresh(&harness, &token, &[("scope", "openid notes:write")]).await.refused(400, "invalid_scope");
    harness.departed_once(DepartureKind::WrongValue, "scope");
    assert_eq!(refresh(&harness, &token, &[("scope", "openid")]).await.json()["scope"], SCOPE);
}
