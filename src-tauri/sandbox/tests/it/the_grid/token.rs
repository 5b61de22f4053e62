//! The token endpoint, and the undocumented refresh.

use grapnel_sandbox::ProviderId::TheGrid;
use grapnel_sandbox::the_grid::{CLIENT_ID, CLIENT_SECRET, REFRESH_PATH, TOKEN_PATH};
use grapnel_sandbox::{DepartureKind, Switch};
use reqwest::Method;
use serde_json::{Value, json};

use super::{REDIRECT, code, exchange};
use crate::harness::{Harness, Reply, harness};
use crate::provider_client::{send, text};

async fn put(harness: &Harness, body: &Value) -> Reply {
    send(harness.at(TheGrid).request(Method::PUT, REFRESH_PATH).json(body)).await
}

#[tokio::test]
async fn the_reply_has_only_an_access_token() {
    let harness = harness();
    let reply = exchange(&harness, &code(&harness).await, &[]).await;
    let body = reply.json();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((reply.status, members), (200, vec!["access_token"]));
    assert!(harness.sandbox.departures().is_empty());
    assert_eq!(harness.sandbox.grants(TheGrid).issued().refresh_tokens, 0);
}

#[tokio::test]
async fn an_optional_redirect_uri_must_match() {
    let harness = harness();
    let code = code(&harness).await;
    let other = [("redirect_uri", "http://127.0.0.1:3001/callback")];
    exchange(&harness, &code, &other).await.refused(400, "invalid_grant");
    harness.departed_once(DepartureKind::RedirectMismatch, "redirect_uri");
    assert_eq!(exchange(&harness, &code, &[("redirect_uri", REDIRECT)]).await.status, 200);
}

#[tokio::test]
async fn only_a_form_is_accepted() {
    let harness = harness();
    let body = json!({
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": code(&harness).await,
        "grant_type": "authorization_code",
    });
    harness.at(TheGrid).json(TOKEN_PATH, &body).await.refused(415, "invalid_request");
    harness.departed_once(DepartureKind::WrongContentType, "application/json");
    harness.at(TheGrid).get(TOKEN_PATH).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn each_invalid_exchange_is_refused() {
    let harness = harness();
    let code = code(&harness).await;
    for (pairs, status, error, kind) in [
        (&[("client_secret", "wrong")][..], 401, "invalid_client", DepartureKind::WrongClient),
        (&[("client_secret", "")], 401, "invalid_client", DepartureKind::MissingParameter),
        (&[("code", "")], 400, "invalid_request", DepartureKind::MissingParameter),
        (&[("code", "made-up")], 400, "invalid_grant", DepartureKind::UnknownCode),
        (&[("grant_type", "refresh_token")], 400, "unsupported_grant_type", DepartureKind::WrongValue),
        (&[("grant_type", "password")], 400, "unsupported_grant_type", DepartureKind::WrongValue),
    ] {
        harness.sandbox.departures().clear();
        exchange(&harness, &code, pairs).await.refused(status, error);
        assert_eq!(harness.departed()[0].0, kind, "{pairs:?}");
    }
    assert_eq!(exchange(&harness, &code, &[("state", "x")]).await.status, 200);
    assert_eq!(harness.departed().last().unwrap(), &(DepartureKind::UnknownParameter, "state".to_owned()));
    exchange(&harness, &code, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_switch_enables_refresh_tokens() {
    let harness = harness();
    harness.sandbox.switches().set(Switch::TheGridRefreshToken, true);
    let reply = exchange(&harness, &code(&harness).await, &[]).await;
    let token = text(&reply, "refresh_token");
    for _ in 0..2 {
        let refreshed = put(&harness, &json!({ "client_id": CLIENT_ID, "refresh_token": token })).await;
        let access = text(&refreshed, "access_token");
        assert_ne!(access, text(&reply, "access_token"));
        assert_eq!(refreshed.json().as_object().unwrap().len(), 1);
        assert_eq!(harness.at(TheGrid).get_as("/user", &access).await.status, 200);
    }
    assert!(harness.sandbox.departures().is_empty());
    put(&harness, &json!({ "client_id": "other", "refresh_token": token }))
        .await
        .refused(400, "invalid_grant");
    put(&harness, &json!({ "client_id": CLIENT_ID })).await.refused(400, "invalid_request");
    put(&harness, &json!({ "client_id": CLIENT_ID, "refresh_token": "x" }))
        .await
        .refused(400, "invalid_grant");
    let form = harness.at(TheGrid).request(Method::PUT, REFRESH_PATH);
    send(form.form(&[("refresh_token", token)])).await.refused(415, "invalid_request");
}

#[tokio::test]
async fn without_the_switch_the_refresh_path_is_unknown() {
    let harness = harness();
    put(&harness, &json!({ "client_id": CLIENT_ID, "refresh_token": "x" })).await.refused(404, "not_found");
    harness.departed_once(DepartureKind::UnknownPath, REFRESH_PATH);
}
