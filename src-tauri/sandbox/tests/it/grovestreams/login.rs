//! A code without a browser.

use grapnel_sandbox::Kind;
use grapnel_sandbox::ProviderId::GroveStreams;
use grapnel_sandbox::grovestreams::{ACCOUNTS, EMAIL, LOGIN_PATH, PASSWORD};
use serde_json::{Value, json};

use super::{CLIENT, exchange, failed};
use crate::harness::{house, pair};
use crate::place::text;

/// As on the page, with `changed` in its place.
fn body(changed: &[(&str, Value)]) -> Value {
    let mut body = json!({
        "email": EMAIL, "password": PASSWORD, "scope": "xx", "response_type": "code", "state": "zzz",
        "redirect_uri": "http://acme.com", "client_id": CLIENT,
    });
    for (name, value) in changed {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(*name);
        } else {
            body[*name] = value.clone();
        }
    }
    body
}

#[tokio::test]
async fn the_login_answers_as_on_the_page_and_its_code_works() {
    let house = house();
    let reply = house.at(GroveStreams).json(LOGIN_PATH, &body(&[])).await;
    let code = text(&reply, "oauthCode");
    let expected = json!({
        "success": true, "oauthCode": code, "oauthState": "zzz", "message": "Login succeeded.",
        "oauthRedirectUri": "http://acme.com",
    });
    assert_eq!((reply.status, reply.json()), (200, expected));
    pair(&exchange(&house, &code, &[("state", "zzz"), ("redirect_uri", "http://acme.com")]).await);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn every_account_can_log_in_whatever_is_in_its_password() {
    let house = house();
    for (email, password, _) in ACCOUNTS {
        let body = body(&[("email", json!(email)), ("password", json!(password))]);
        assert_eq!(house.at(GroveStreams).json(LOGIN_PATH, &body).await.json()["success"], true);
    }
}

#[tokio::test]
async fn what_was_not_sent_does_not_come_back() {
    let house = house();
    let body = body(&[("state", Value::Null), ("redirect_uri", Value::Null), ("scope", Value::Null)]);
    let reply = house.at(GroveStreams).json(LOGIN_PATH, &body).await;
    assert!(reply.json().get("oauthState").is_none() && reply.json().get("oauthRedirectUri").is_none());
    pair(&exchange(&house, &text(&reply, "oauthCode"), &[]).await);
}

#[tokio::test]
async fn a_wrong_password_is_a_failure_and_no_departure() {
    let house = house();
    for (name, value) in [("password", "wrong"), ("email", "nobody@example.org")] {
        failed(&house.at(GroveStreams).json(LOGIN_PATH, &body(&[(name, json!(value))])).await);
    }
    assert!(house.sandbox.departures().is_empty());
    assert_eq!(house.sandbox.grants(GroveStreams).issued().codes, 0);
}

#[tokio::test]
async fn a_wrong_request_is_a_failure_that_is_noted_and_says_no_password() {
    let house = house();
    for (name, value, kind) in [
        ("email", Value::Null, Kind::MissingParameter),
        ("password", Value::Null, Kind::MissingParameter),
        ("client_id", Value::Null, Kind::MissingParameter),
        ("response_type", json!("token"), Kind::WrongValue),
        ("redirect_uri", json!("acme"), Kind::WrongValue),
    ] {
        house.sandbox.departures().clear();
        failed(&house.at(GroveStreams).json(LOGIN_PATH, &body(&[(name, value)])).await);
        house.departed_once(kind, name);
    }
    house.sandbox.departures().clear();
    let form = [("email", EMAIL), ("password", PASSWORD)];
    failed(&house.at(GroveStreams).form(LOGIN_PATH, &form).await);
    let log = house.at(GroveStreams).get("/_sandbox/departures").await;
    assert!(log.text.contains("wrong-content-type") && !log.text.contains(PASSWORD));
}
