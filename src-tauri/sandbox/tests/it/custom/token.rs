//! The token endpoint: who may come, what is refused, what rotates.

use std::collections::BTreeSet;

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::custom::{CLIENT_ID, CLIENT_SECRET, TOKEN_PATH};
use grapnel_sandbox::{Kind, Options};
use reqwest::Method;
use serde_json::json;

use super::{REDIRECT, SCOPE, code, exchange, other_app, refresh};
use crate::harness::{House, Reply, VERIFIER, house, house_with, pair};
use crate::place::{claims, send, text};

const NO_CREDENTIALS: [(&str, &str); 2] = [("client_id", ""), ("client_secret", "")];

async fn exchange_by_basic(house: &House, code: &str, id: &str, secret: &str) -> Reply {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let request = house.at(Custom).request(Method::POST, TOKEN_PATH).basic_auth(id, Some(secret));
    send(request.form(&form)).await
}

fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn the_exchange_answers_as_rfc_6749_has_it() {
    let house = house();
    let reply = exchange(&house, &code(&house, &[("scope", "notes:read")]).await, &[]).await;
    let body = reply.json();
    let members: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        BTreeSet::from(["access_token", "expires_in", "refresh_token", "scope", "token_type"])
    );
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn with_openid_the_reply_says_who_signed_in() {
    let house = house();
    let reply = exchange(&house, &code(&house, &[("nonce", "n1")]).await, &[]).await;
    assert_eq!(reply.json()["scope"], SCOPE);
    let told = claims(&text(&reply, "id_token"));
    assert_eq!((&told["iss"], &told["aud"]), (&json!(house.sandbox.custom()), &json!(CLIENT_ID)));
    assert_eq!(told["sub"], "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70");
    assert_eq!(told["nonce"], "n1");
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 300);
}

#[tokio::test]
async fn a_client_may_come_by_basic_with_both_parts_encoded() {
    let app = other_app();
    let house = house_with(Options::default().with_custom_app(app.clone()));
    let asked = [("client_id", app.client_id.as_str())];
    let (id, secret) = (form_encoded(&app.client_id), form_encoded(&app.client_secret));
    assert_eq!(exchange_by_basic(&house, &code(&house, &asked).await, &id, &secret).await.status, 200);
    assert!(house.sandbox.departures().is_empty());
    let plain = exchange_by_basic(&house, &code(&house, &asked).await, &id, &app.client_secret).await;
    plain.refused(401, "invalid_client");
    let by_basic = exchange_by_basic(&house, &code(&house, &[]).await, CLIENT_ID, CLIENT_SECRET).await;
    assert_eq!(by_basic.status, 200);
}

#[tokio::test]
async fn a_client_that_is_not_who_it_says_is_refused() {
    let house = house();
    let code = code(&house, &[]).await;
    exchange(&house, &code, &[("client_secret", "wrong")]).await.refused(401, "invalid_client");
    house.departed_once(Kind::WrongClient, "client_id or client_secret");
    let nobody = exchange(&house, &code, &NO_CREDENTIALS).await;
    nobody.refused(401, "invalid_client");
    assert_eq!(nobody.header("www-authenticate"), "");
    let by_basic = exchange_by_basic(&house, &code, CLIENT_ID, "wrong").await;
    by_basic.refused(401, "invalid_client");
    assert!(by_basic.header("www-authenticate").starts_with("Basic"));
    let twice = house.at(Custom).request(Method::POST, TOKEN_PATH).basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
    let form = [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    send(twice.form(&form)).await.refused(400, "invalid_request");
    assert_eq!(house.departed().last().unwrap(), &(Kind::RepeatedParameter, "client_secret".to_owned()));
    let mixed = house.at(Custom).request(Method::POST, TOKEN_PATH).basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
    send(mixed.form(&[("grant_type", "refresh_token"), ("client_id", "other")]))
        .await
        .refused(401, "invalid_client");
    let bearer = house.at(Custom).request(Method::POST, TOKEN_PATH).bearer_auth("x");
    send(bearer.form(&[("grant_type", "refresh_token")])).await.refused(401, "invalid_client");
}

#[tokio::test]
async fn each_wrong_exchange_is_refused() {
    let house = house();
    let code = code(&house, &[]).await;
    let other = VERIFIER.replace('d', "e");
    for (pairs, error, kind) in [
        (&[("code_verifier", "")][..], "invalid_grant", Kind::MissingParameter),
        (&[("code_verifier", &*other)], "invalid_grant", Kind::PkceMismatch),
        (&[("redirect_uri", "")], "invalid_request", Kind::MissingParameter),
        (&[("redirect_uri", "http://127.0.0.1:3001/callback")], "invalid_grant", Kind::RedirectMismatch),
        (&[("code", "made-up")], "invalid_grant", Kind::UnknownCode),
        (&[("grant_type", "password")], "unsupported_grant_type", Kind::WrongValue),
    ] {
        house.sandbox.departures().clear();
        exchange(&house, &code, pairs).await.refused(400, error);
        assert_eq!(house.departed()[0].0, kind, "{pairs:?}");
    }
    assert_eq!(exchange(&house, &code, &[]).await.status, 200);
    house.at(Custom).json(TOKEN_PATH, &json!({})).await.refused(415, "invalid_request");
}

#[tokio::test]
async fn a_code_used_twice_revokes_what_it_became() {
    let house = house();
    let code = code(&house, &[]).await;
    let (_, token) = pair(&exchange(&house, &code, &[]).await);
    exchange(&house, &code, &[]).await.refused(400, "invalid_grant");
    refresh(&house, &token, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_rotates_and_one_used_twice_ends_the_grant() {
    let house = house();
    let (_, old) = pair(&exchange(&house, &code(&house, &[]).await, &[]).await);
    let reply = refresh(&house, &old, &[]).await;
    let (access, new) = pair(&reply);
    assert_eq!((reply.json()["scope"].as_str(), reply.json().get("id_token")), (Some(SCOPE), None));
    refresh(&house, &old, &[]).await.refused(400, "invalid_grant");
    house.departed_once(Kind::RotatedRefreshToken, "refresh_token");
    refresh(&house, &new, &[]).await.refused(400, "invalid_grant");
    house.at(Custom).get_as("/userinfo", &access).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_may_name_scopes_but_none_that_was_not_granted() {
    let house = house();
    let (_, token) = pair(&exchange(&house, &code(&house, &[]).await, &[]).await);
    refresh(&house, &token, &[("scope", "openid notes:write")]).await.refused(400, "invalid_scope");
    house.departed_once(Kind::WrongValue, "scope");
    assert_eq!(refresh(&house, &token, &[("scope", "openid")]).await.json()["scope"], SCOPE);
}
