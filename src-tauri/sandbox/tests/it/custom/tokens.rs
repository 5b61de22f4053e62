//! What can be done with a token: userinfo, introspection, revocation.

use std::time::Duration;

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::custom::{CLIENT_ID, CLIENT_SECRET};
use grapnel_sandbox::{Kind, Options};
use reqwest::Method;
use serde_json::json;

use super::{code, exchange, other_app, refresh};
use crate::harness::{House, Reply, house, house_with, pair, with};
use crate::place::send;

async fn tokens(house: &House, scope: &str) -> (String, String) {
    pair(&exchange(house, &code(house, &[("scope", scope)]).await, &[]).await)
}

/// A request about a token, changed by `pairs`.
async fn about(house: &House, path: &str, token: &str, pairs: &[(&str, &str)]) -> Reply {
    let usual = [("token", token), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    house.at(Custom).form(path, &with(&usual, pairs)).await
}

async fn is_active(house: &House, token: &str) -> bool {
    about(house, "/introspect", token, &[]).await.json()["active"].as_bool().unwrap()
}

#[tokio::test]
async fn userinfo_tells_as_much_as_the_scopes_allow() {
    let house = house();
    let (access, _) = tokens(&house, "openid").await;
    let told = house.at(Custom).get_as("/userinfo", &access).await.json();
    assert_eq!(told, json!({ "sub": "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70" }));
    let (access, _) = tokens(&house, "openid profile email").await;
    let request = house.at(Custom).request(Method::POST, "/userinfo").bearer_auth(access);
    let expected = json!({
        "sub": "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70",
        "name": "Ines Marchetti", "given_name": "Ines", "family_name": "Marchetti",
        "email": "ines@harbour.example", "email_verified": true,
    });
    assert_eq!(send(request).await.json(), expected);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn userinfo_refuses_in_the_words_of_rfc_6750() {
    let house = house();
    let none = house.at(Custom).get("/userinfo").await;
    none.refused(401, "unauthorized");
    assert_eq!(none.header("www-authenticate"), "Bearer");
    let bad = house.at(Custom).get_as("/userinfo", "made-up").await;
    bad.refused(401, "invalid_token");
    assert_eq!(bad.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    let (access, token) = tokens(&house, "profile").await;
    let less = house.at(Custom).get_as("/userinfo", &access).await;
    less.refused(403, "insufficient_scope");
    assert!(less.header("www-authenticate").contains("scope=\"openid\""));
    house.sandbox.departures().clear();
    house.at(Custom).get_as("/userinfo", &token).await.refused(401, "invalid_token");
    house.departed_once(Kind::RefreshTokenAsAccessToken, "Authorization");
}

#[tokio::test]
async fn introspection_tells_what_a_token_is() {
    let house = house();
    let (access, token) = tokens(&house, "openid notes:read").await;
    let told = about(&house, "/introspect", &access, &[("token_type_hint", "access_token")]).await.json();
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
    assert_eq!(member("iss"), house.sandbox.custom());
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 300);
    let told = about(&house, "/introspect", &token, &[]).await.json();
    assert_eq!((&told["active"], told.get("exp"), told.get("token_type")), (&json!(true), None, None));
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn introspection_tells_nothing_of_what_is_not_live_or_not_yours() {
    let app = other_app();
    let house = house_with(Options::default().with_custom_app(app.clone()));
    let (access, token) = tokens(&house, "openid").await;
    let other = [("client_id", &*app.client_id), ("client_secret", &*app.client_secret)];
    assert_eq!(about(&house, "/introspect", &access, &other).await.json(), json!({ "active": false }));
    assert_eq!(about(&house, "/introspect", "made-up", &[]).await.json(), json!({ "active": false }));
    refresh(&house, &token, &[]).await;
    assert!(is_active(&house, &access).await && !is_active(&house, &token).await);
    house.sandbox.clock().advance(Duration::from_secs(301));
    assert!(!is_active(&house, &access).await);
}

#[tokio::test]
async fn an_access_token_is_revoked_alone_and_a_refresh_token_with_its_grant() {
    let house = house();
    let (access, token) = tokens(&house, "openid").await;
    let reply = about(&house, "/revoke", &access, &[]).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    assert!(!is_active(&house, &access).await && is_active(&house, &token).await);
    let (access, token) = pair(&refresh(&house, &token, &[]).await);
    assert_eq!(about(&house, "/revoke", &token, &[("token_type_hint", "refresh_token")]).await.status, 200);
    assert!(!is_active(&house, &access).await && !is_active(&house, &token).await);
    refresh(&house, &token, &[]).await.refused(400, "invalid_grant");
    assert_eq!(about(&house, "/revoke", &token, &[]).await.status, 200, "once more does no harm");
    assert_eq!(about(&house, "/revoke", "made-up", &[]).await.status, 200);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn nobody_revokes_what_is_anothers() {
    let app = other_app();
    let house = house_with(Options::default().with_custom_app(app.clone()));
    let (access, _) = tokens(&house, "openid").await;
    let other = [("client_id", &*app.client_id), ("client_secret", &*app.client_secret)];
    about(&house, "/revoke", &access, &other).await.refused(400, "invalid_grant");
    assert!(is_active(&house, &access).await);
}

#[tokio::test]
async fn both_need_a_client_and_a_token() {
    let house = house();
    let (access, _) = tokens(&house, "openid").await;
    for path in ["/introspect", "/revoke"] {
        about(&house, path, &access, &[("client_secret", "wrong")]).await.refused(401, "invalid_client");
        about(&house, path, &access, &[("client_id", ""), ("client_secret", "")])
            .await
            .refused(401, "invalid_client");
        about(&house, path, "", &[]).await.refused(400, "invalid_request");
        let by_basic =
            house.at(Custom).request(Method::POST, path).basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
        assert_eq!(send(by_basic.form(&[("token", "x")])).await.status, 200);
    }
    assert!(is_active(&house, &access).await);
}
