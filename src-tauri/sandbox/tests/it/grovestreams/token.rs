//! The token endpoint.

use std::collections::BTreeSet;

use std::time::Duration;

use grapnel_sandbox::DepartureKind;
use grapnel_sandbox::ProviderId::GroveStreams;
use grapnel_sandbox::grovestreams::TOKEN_PATH;
use reqwest::Method;
use serde_json::json;

use super::{CLIENT, REDIRECT, code, exchange, failed, refresh};
use crate::harness::{content_type, harness, pair};
use crate::provider_client::send;

#[tokio::test]
async fn the_exchange_reply_matches_the_page() {
    let harness = harness();
    let reply = exchange(&harness, &code(&harness).await, &[]).await;
    let body = reply.json();
    let members: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["access_token", "expires_in", "refresh_token", "token_type"]));
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(86_400), &json!("bearer")));
    let (access, refresh) = pair(&reply);
    assert!([&access, &refresh].iter().all(|token| token.len() == 36 && token.split('-').count() == 5));
    assert_eq!(content_type(&reply), "application/json;charset UTF-8");
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn state_and_redirect_uri_are_optional_and_must_match() {
    let harness = harness();
    let code = code(&harness).await;
    for (name, value, kind) in [
        ("state", "other", DepartureKind::WrongValue),
        ("redirect_uri", "http://127.0.0.1:1/callback", DepartureKind::RedirectMismatch),
    ] {
        failed(&exchange(&harness, &code, &[(name, value)]).await);
        harness.departed_once(kind, name);
        harness.sandbox.departures().clear();
    }
    assert!(
        exchange(&harness, &code, &[("state", "s1"), ("redirect_uri", REDIRECT)]).await.json()["access_token"]
            .is_string()
    );
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_client_id_must_be_the_one_of_the_authorization() {
    let harness = harness();
    let code = code(&harness).await;
    failed(&exchange(&harness, &code, &[("client_id", "another")]).await);
    harness.departed_once(DepartureKind::UnknownCode, "code");
    failed(&exchange(&harness, &code, &[("client_id", "")]).await);
    let (_, token) = pair(&exchange(&harness, &code, &[]).await);
    failed(&refresh(&harness, &token, &[("client_id", "another")]).await);
    pair(&refresh(&harness, &token, &[]).await);
}

#[tokio::test]
async fn a_secret_is_required_on_refresh_if_it_came_with_the_code() {
    let harness = harness();
    let (_, token) = pair(&exchange(&harness, &code(&harness).await, &[("client_secret", "mine")]).await);
    failed(&refresh(&harness, &token, &[]).await);
    harness.departed_once(DepartureKind::MissingParameter, "client_secret");
    failed(&refresh(&harness, &token, &[("client_secret", "yours")]).await);
    let (_, token) = pair(&refresh(&harness, &token, &[("client_secret", "mine")]).await);
    failed(&refresh(&harness, &token, &[]).await);
    pair(&refresh(&harness, &token, &[("client_secret", "mine")]).await);
}

#[tokio::test]
async fn a_secret_not_sent_with_the_code_is_logged() {
    let harness = harness();
    let (_, token) = pair(&exchange(&harness, &code(&harness).await, &[]).await);
    pair(&refresh(&harness, &token, &[("client_secret", "mine")]).await);
    harness.departed_once(DepartureKind::UnknownParameter, "client_secret");
}

#[tokio::test]
async fn a_code_expires_after_an_hour_and_is_accepted_once() {
    let harness = harness();
    let (early, late) = (code(&harness).await, code(&harness).await);
    harness.sandbox.clock().advance(Duration::from_secs(3590));
    pair(&exchange(&harness, &early, &[]).await);
    harness.sandbox.clock().advance(Duration::from_secs(11));
    failed(&exchange(&harness, &late, &[]).await);
    assert!(harness.sandbox.departures().is_empty());
    failed(&exchange(&harness, &early, &[]).await);
    harness.departed_once(DepartureKind::ReplayedCode, "code");
}

#[tokio::test]
async fn a_refresh_issues_both_tokens_and_rotates_the_refresh_token() {
    let harness = harness();
    let (_, old) = pair(&exchange(&harness, &code(&harness).await, &[]).await);
    let (_, new) = pair(&refresh(&harness, &old, &[]).await);
    assert_ne!(old, new);
    failed(&refresh(&harness, &old, &[]).await);
    harness.departed_once(DepartureKind::RotatedRefreshToken, "refresh_token");
    pair(&refresh(&harness, &new, &[]).await);
}

#[tokio::test]
async fn every_other_failure_has_status_200_too() {
    let harness = harness();
    let place = harness.at(GroveStreams);
    failed(&exchange(&harness, "made-up", &[]).await);
    failed(&exchange(&harness, &code(&harness).await, &[("grant_type", "password")]).await);
    failed(&exchange(&harness, &code(&harness).await, &[("grant_type", "")]).await);
    failed(&refresh(&harness, "made-up", &[]).await);
    harness.sandbox.departures().clear();
    let body =
        json!({ "grant_type": "authorization_code", "code": code(&harness).await, "client_id": CLIENT });
    failed(&place.json(TOKEN_PATH, &body).await);
    harness.departed_once(DepartureKind::WrongContentType, "application/json");
    failed(&send(place.request(Method::POST, &format!("{TOKEN_PATH}?grant_type=refresh_token"))).await);
    failed(&exchange(&harness, &code(&harness).await, &[("code", "a"), ("code", "b")]).await);
}
