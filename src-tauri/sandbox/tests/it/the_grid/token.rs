//! The token endpoint, and the refresh that no page names.

use grapnel_sandbox::ProviderId::TheGrid;
use grapnel_sandbox::the_grid::{CLIENT_ID, CLIENT_SECRET, REFRESH_PATH, TOKEN_PATH};
use grapnel_sandbox::{Kind, Switch};
use reqwest::Method;
use serde_json::{Value, json};

use super::{REDIRECT, code, exchange};
use crate::harness::{House, Reply, house};
use crate::place::{send, text};

async fn put(house: &House, body: &Value) -> Reply {
    send(house.at(TheGrid).request(Method::PUT, REFRESH_PATH).json(body)).await
}

#[tokio::test]
async fn the_reply_has_nothing_but_an_access_token() {
    let house = house();
    let reply = exchange(&house, &code(&house).await, &[]).await;
    let body = reply.json();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((reply.status, members), (200, vec!["access_token"]));
    assert!(house.sandbox.departures().is_empty());
    assert_eq!(house.sandbox.grants(TheGrid).issued().refresh_tokens, 0);
}

#[tokio::test]
async fn the_redirect_uri_may_come_along_and_must_then_match() {
    let house = house();
    let code = code(&house).await;
    let other = [("redirect_uri", "http://127.0.0.1:3001/callback")];
    exchange(&house, &code, &other).await.refused(400, "invalid_grant");
    house.departed_once(Kind::RedirectMismatch, "redirect_uri");
    assert_eq!(exchange(&house, &code, &[("redirect_uri", REDIRECT)]).await.status, 200);
}

#[tokio::test]
async fn only_a_form_is_taken() {
    let house = house();
    let body = json!({
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": code(&house).await,
        "grant_type": "authorization_code",
    });
    house.at(TheGrid).json(TOKEN_PATH, &body).await.refused(415, "invalid_request");
    house.departed_once(Kind::WrongContentType, "application/json");
    house.at(TheGrid).get(TOKEN_PATH).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn each_wrong_exchange_is_refused() {
    let house = house();
    let code = code(&house).await;
    for (pairs, status, error, kind) in [
        (&[("client_secret", "wrong")][..], 401, "invalid_client", Kind::WrongClient),
        (&[("client_secret", "")], 401, "invalid_client", Kind::MissingParameter),
        (&[("code", "")], 400, "invalid_request", Kind::MissingParameter),
        (&[("code", "made-up")], 400, "invalid_grant", Kind::UnknownCode),
        (&[("grant_type", "refresh_token")], 400, "unsupported_grant_type", Kind::WrongValue),
        (&[("grant_type", "password")], 400, "unsupported_grant_type", Kind::WrongValue),
    ] {
        house.sandbox.departures().clear();
        exchange(&house, &code, pairs).await.refused(status, error);
        assert_eq!(house.departed()[0].0, kind, "{pairs:?}");
    }
    assert_eq!(exchange(&house, &code, &[("state", "x")]).await.status, 200);
    assert_eq!(house.departed().last().unwrap(), &(Kind::UnknownParameter, "state".to_owned()));
    exchange(&house, &code, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_comes_and_works_where_that_is_switched_on() {
    let house = house();
    house.sandbox.switches().set(Switch::TheGridRefreshToken, true);
    let reply = exchange(&house, &code(&house).await, &[]).await;
    let token = text(&reply, "refresh_token");
    for _ in 0..2 {
        let renewed = put(&house, &json!({ "client_id": CLIENT_ID, "refresh_token": token })).await;
        let access = text(&renewed, "access_token");
        assert_ne!(access, text(&reply, "access_token"));
        assert_eq!(renewed.json().as_object().unwrap().len(), 1);
        assert_eq!(house.at(TheGrid).get_as("/user", &access).await.status, 200);
    }
    assert!(house.sandbox.departures().is_empty());
    put(&house, &json!({ "client_id": "other", "refresh_token": token })).await.refused(400, "invalid_grant");
    put(&house, &json!({ "client_id": CLIENT_ID })).await.refused(400, "invalid_request");
    put(&house, &json!({ "client_id": CLIENT_ID, "refresh_token": "x" })).await.refused(400, "invalid_grant");
    let form = house.at(TheGrid).request(Method::PUT, REFRESH_PATH);
    send(form.form(&[("refresh_token", token)])).await.refused(415, "invalid_request");
}

#[tokio::test]
async fn otherwise_there_is_no_such_path() {
    let house = house();
    put(&house, &json!({ "client_id": CLIENT_ID, "refresh_token": "x" })).await.refused(404, "not_found");
    house.departed_once(Kind::UnknownPath, REFRESH_PATH);
}
