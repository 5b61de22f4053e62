//! The token endpoint.

use std::collections::BTreeSet;

use std::time::Duration;

use grapnel_sandbox::Kind;
use grapnel_sandbox::ProviderId::GroveStreams;
use grapnel_sandbox::grovestreams::TOKEN_PATH;
use reqwest::Method;
use serde_json::json;

use super::{CLIENT, REDIRECT, code, exchange, failed, refresh};
use crate::harness::{content_type, house, pair};
use crate::place::send;

#[tokio::test]
async fn the_exchange_answers_as_on_the_page() {
    let house = house();
    let reply = exchange(&house, &code(&house).await, &[]).await;
    let body = reply.json();
    let members: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["access_token", "expires_in", "refresh_token", "token_type"]));
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(86_400), &json!("bearer")));
    let (access, refresh) = pair(&reply);
    assert!([&access, &refresh].iter().all(|token| token.len() == 36 && token.split('-').count() == 5));
    assert_eq!(content_type(&reply), "application/json;charset UTF-8");
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn state_and_redirect_uri_are_optional_and_must_match() {
    let house = house();
    let code = code(&house).await;
    for (name, value, kind) in [
        ("state", "other", Kind::WrongValue),
        ("redirect_uri", "http://127.0.0.1:1/callback", Kind::RedirectMismatch),
    ] {
        failed(&exchange(&house, &code, &[(name, value)]).await);
        house.departed_once(kind, name);
        house.sandbox.departures().clear();
    }
    assert!(
        exchange(&house, &code, &[("state", "s1"), ("redirect_uri", REDIRECT)]).await.json()["access_token"]
            .is_string()
    );
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_client_id_must_be_the_one_of_the_authorization() {
    let house = house();
    let code = code(&house).await;
    failed(&exchange(&house, &code, &[("client_id", "another")]).await);
    house.departed_once(Kind::UnknownCode, "code");
    failed(&exchange(&house, &code, &[("client_id", "")]).await);
    let (_, token) = pair(&exchange(&house, &code, &[]).await);
    failed(&refresh(&house, &token, &[("client_id", "another")]).await);
    pair(&refresh(&house, &token, &[]).await);
}

#[tokio::test]
async fn a_secret_is_required_on_refresh_if_it_came_with_the_code() {
    let house = house();
    let (_, token) = pair(&exchange(&house, &code(&house).await, &[("client_secret", "mine")]).await);
    failed(&refresh(&house, &token, &[]).await);
    house.departed_once(Kind::MissingParameter, "client_secret");
    failed(&refresh(&house, &token, &[("client_secret", "yours")]).await);
    let (_, token) = pair(&refresh(&house, &token, &[("client_secret", "mine")]).await);
    failed(&refresh(&house, &token, &[]).await);
    pair(&refresh(&house, &token, &[("client_secret", "mine")]).await);
}

#[tokio::test]
async fn a_secret_that_did_not_come_with_the_code_is_noted() {
    let house = house();
    let (_, token) = pair(&exchange(&house, &code(&house).await, &[]).await);
    pair(&refresh(&house, &token, &[("client_secret", "mine")]).await);
    house.departed_once(Kind::UnknownParameter, "client_secret");
}

#[tokio::test]
async fn a_code_lives_for_an_hour_and_is_good_once() {
    let house = house();
    let (early, late) = (code(&house).await, code(&house).await);
    house.sandbox.clock().advance(Duration::from_secs(3590));
    pair(&exchange(&house, &early, &[]).await);
    house.sandbox.clock().advance(Duration::from_secs(11));
    failed(&exchange(&house, &late, &[]).await);
    assert!(house.sandbox.departures().is_empty());
    failed(&exchange(&house, &early, &[]).await);
    house.departed_once(Kind::ReplayedCode, "code");
}

#[tokio::test]
async fn a_refresh_gives_both_tokens_anew_and_ends_the_old_one() {
    let house = house();
    let (_, old) = pair(&exchange(&house, &code(&house).await, &[]).await);
    let (_, new) = pair(&refresh(&house, &old, &[]).await);
    assert_ne!(old, new);
    failed(&refresh(&house, &old, &[]).await);
    house.departed_once(Kind::RotatedRefreshToken, "refresh_token");
    pair(&refresh(&house, &new, &[]).await);
}

#[tokio::test]
async fn every_other_failure_has_status_200_too() {
    let house = house();
    let place = house.at(GroveStreams);
    failed(&exchange(&house, "made-up", &[]).await);
    failed(&exchange(&house, &code(&house).await, &[("grant_type", "password")]).await);
    failed(&exchange(&house, &code(&house).await, &[("grant_type", "")]).await);
    failed(&refresh(&house, "made-up", &[]).await);
    house.sandbox.departures().clear();
    let body = json!({ "grant_type": "authorization_code", "code": code(&house).await, "client_id": CLIENT });
    failed(&place.json(TOKEN_PATH, &body).await);
    house.departed_once(Kind::WrongContentType, "application/json");
    failed(&send(place.request(Method::POST, &format!("{TOKEN_PATH}?grant_type=refresh_token"))).await);
    failed(&exchange(&house, &code(&house).await, &[("code", "a"), ("code", "b")]).await);
}
