//! The other endpoints for tokens: userinfo, introspection, revocation.

use std::time::Duration;

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::custom::{CLIENT_ID, CLIENT_SECRET};
use grapnel_sandbox::{DepartureKind, Options};
use reqwest::Method;
use serde_json::json;

use super::{code, exchange, other_app, refresh};
use crate::harness::{Harness, Reply, harness, harness_with, pair, with};
use crate::provider_client::send;

async fn tokens(harness: &Harness, scope: &str) -> (String, String) {
    pair(&exchange(harness, &code(harness, &[("scope", scope)]).await, &[]).await)
}

/// A request about a token, changed by `pairs`.
async fn about(harness: &Harness, path: &str, token: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [("token", token), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    harness.at(Custom).form(path, &with(&usual, pairs)).await
}

async fn is_active(harness: &Harness, token: &str) -> bool {
    about(harness, "/introspect", token, &[]).await.json()["active"].as_bool().unwrap()
}

#[tokio::test]
async fn userinfo_returns_the_claims_of_the_scopes() {
    let harness = harness();
    let (access, _) = tokens(&harness, "openid").await;
    let told = harness.at(Custom).get_as("/userinfo", &access).await.json();
    assert_eq!(told, json!({ "sub": "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70" }));
    let (access, _) = tokens(&harness, "openid profile email").await;
    let request = harness.at(Custom).request(Method::POST, "/userinfo").bearer_auth(access);
    let expected = json!({
        "sub": "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70",
        "name": "Ines Marchetti", "given_name": "Ines", "family_name": "Marchetti",
        "email": "ines@harbour.example", "email_verified": true,
    });
    assert_eq!(send(request).await.json(), expected);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn userinfo_refuses_with_the_challenges_of_rfc_6750() {
    let harness = harness();
    let none = harness.at(Custom).get("/userinfo").await;
    none.refused(401, "unauthorized");
    assert_eq!(none.header("www-authenticate"), "Bearer");
    let bad = harness.at(Custom).get_as("/userinfo", "made-up").await;
    bad.refused(401, "invalid_token");
    assert_eq!(bad.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    let (access, token) = tokens(&harness, "profile").await;
    let less = harness.at(Custom).get_as("/userinfo", &access).await;
    less.refused(403, "insufficient_scope");
    assert!(less.header("www-authenticate").contains("scope=\"openid\""));
    harness.sandbox.departures().clear();
    harness.at(Custom).get_as("/userinfo", &token).await.refused(401, "invalid_token");
    harness.departed_once(DepartureKind::RefreshTokenAsAccessToken, "Authorization");
}

#[tokio::test]
async fn introspection_describes_an_active_token() {
    let harness = harness();
    let (access, token) = tokens(&harness, "openid notes:read").await;
    let told = about(&harness, "/introspect", &access, &[("token_type_hint", "access_token")]).await.json();
    let member = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(told["active"], true);
    assert_eq!(
        (member("scope"), member("client_id")),
        ("openid notes:read".to_owned(), CLIENT_ID.to_owned())
    );
    assert_eq!(
        (member("token_type"), member("username")),
        ("Bearer".to_owned(), "ines@harbour.example".to_owned())
    );
    assert_eq!(member("iss"), harness.sandbox.custom());
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 300);
    let told = about(&harness, "/introspect", &token, &[]).await.json();
    assert_eq!((&told["active"], told.get("exp"), told.get("token_type")), (&json!(true), None, None));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn introspection_of_an_inactive_or_foreign_token_is_inactive() {
    let app = other_app();
    let harness = harness_with(Options::default().with_custom_app(app.clone()));
    let (access, token) = tokens(&harness, "openid").await;
    let other = [("client_id", &*app.client_id), ("client_secret", &*app.client_secret)];
    assert_eq!(about(&harness, "/introspect", &access, &other).await.json(), json!({ "active": false }));
    assert_eq!(about(&harness, "/introspect", "made-up", &[]).await.json(), json!({ "active": false }));
    refresh(&harness, &token, &[]).await;
    assert!(is_active(&harness, &access).await && !is_active(&harness, &token).await);
    harness.sandbox.clock().advance(Duration::from_secs(301));
    assert!(!is_active(&harness, &access).await);
}

#[tokio::test]
async fn revoking_a_refresh_token_revokes_the_grant_and_an_access_token_itself() {
    let harness = harness();
    let (access, token) = tokens(&harness, "openid").await;
    let reply = about(&harness, "/revoke", &access, &[]).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    assert!(!is_active(&harness, &access).await && is_active(&harness, &token).await);
    let (access, token) = pair(&refresh(&harness, &token, &[]).await);
    assert_eq!(about(&harness, "/revoke", &token, &[("token_type_hint", "refresh_token")]).await.status, 200);
    assert!(!is_active(&harness, &access).await && !is_active(&harness, &token).await);
    refresh(&harness, &token, &[]).await.refused(400, "invalid_grant");
    assert_eq!(about(&harness, "/revoke", &token, &[]).await.status, 200, "once more does no harm");
    assert_eq!(about(&harness, "/revoke", "made-up", &[]).await.status, 200);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_client_cannot_revoke_a_foreign_token() {
    let app = other_app();
    let harness = harness_with(Options::default().with_custom_app(app.clone()));
    let (access, _) = tokens(&harness, "openid").await;
    let other = [("client_id", &*app.client_id), ("client_secret", &*app.client_secret)];
    about(&harness, "/revoke", &access, &other).await.refused(400, "invalid_grant");
    assert!(is_active(&harness, &access).await);
}

#[tokio::test]
async fn introspection_and_revocation_require_a_client_and_a_token() {
    let harness = harness();
    let (access, _) = tokens(&harness, "openid").await;
    for path in ["/introspect", "/revoke"] {
        about(&harness, path, &access, &[("client_secret", "wrong")]).await.refused(401, "invalid_client");
        about(&harness, path, &access, &[("client_id", ""), ("client_secret", "")])
            .await
            .refused(401, "invalid_client");
        about(&harness, path, "", &[]).await.refused(400, "invalid_request");
        let by_basic =
            harness.at(Custom).request(Method::POST, path).basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
        assert_eq!(send(by_basic.form(&[("token", "x")])).await.status, 200);
    }
    assert!(is_active(&harness, &access).await);
}
