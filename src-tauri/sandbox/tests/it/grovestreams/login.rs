//! Issuing a code without a browser.

use grapnel_sandbox::DepartureKind;
use grapnel_sandbox::ProviderId::GroveStreams;
use grapnel_sandbox::grovestreams::{ACCOUNTS, EMAIL, LOGIN_PATH, PASSWORD};
use serde_json::{Value, json};

use super::{CLIENT, exchange, failed};
use crate::harness::{harness, pair};
use crate::provider_client::text;

/// The documented body, changed by `changed`.
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
async fn the_login_reply_matches_the_page_and_its_code_is_accepted() {
    let harness = harness();
    let reply = harness.at(GroveStreams).json(LOGIN_PATH, &body(&[])).await;
    let code = text(&reply, "oauthCode");
    let expected = json!({
        "success": true, "oauthCode": code, "oauthState": "zzz", "message": "Login succeeded.",
        "oauthRedirectUri": "http://acme.com",
    });
    assert_eq!((reply.status, reply.json()), (200, expected));
    pair(&exchange(&harness, &code, &[("state", "zzz"), ("redirect_uri", "http://acme.com")]).await);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn every_account_can_log_in_with_special_characters_in_the_password() {
    let harness = harness();
    for (email, password, _) in ACCOUNTS {
        let body = body(&[("email", json!(email)), ("password", json!(password))]);
        assert_eq!(harness.at(GroveStreams).json(LOGIN_PATH, &body).await.json()["success"], true);
    }
}

#[tokio::test]
async fn absent_parameters_are_absent_from_the_reply() {
    let harness = harness();
    let body = body(&[("state", Value::Null), ("redirect_uri", Value::Null), ("scope", Value::Null)]);
    let reply = harness.at(GroveStreams).json(LOGIN_PATH, &body).await;
    assert!(reply.json().get("oauthState").is_none() && reply.json().get("oauthRedirectUri").is_none());
    pair(&exchange(&harness, &text(&reply, "oauthCode"), &[]).await);
}

#[tokio::test]
async fn a_wrong_password_is_a_failure_and_no_departure() {
    let harness = harness();
    for (name, value) in [("password", "wrong"), ("email", "nobody@example.org")] {
        failed(&harness.at(GroveStreams).json(LOGIN_PATH, &body(&[(name, json!(value))])).await);
    }
    assert!(harness.sandbox.departures().is_empty());
    assert_eq!(harness.sandbox.grants(GroveStreams).issued().codes, 0);
}

#[tokio::test]
async fn an_invalid_request_is_logged_without_the_password() {
    let harness = harness();
    for (name, value, kind) in [
        ("email", Value::Null, DepartureKind::MissingParameter),
        ("password", Value::Null, DepartureKind::MissingParameter),
        ("client_id", Value::Null, DepartureKind::MissingParameter),
        ("response_type", json!("token"), DepartureKind::WrongValue),
        ("redirect_uri", json!("acme"), DepartureKind::WrongValue),
    ] {
        harness.sandbox.departures().clear();
        failed(&harness.at(GroveStreams).json(LOGIN_PATH, &body(&[(name, value)])).await);
        harness.departed_once(kind, name);
    }
    harness.sandbox.departures().clear();
    let form = [("email", EMAIL), ("password", PASSWORD)];
    failed(&harness.at(GroveStreams).form(LOGIN_PATH, &form).await);
    let log = harness.at(GroveStreams).get("/_sandbox/departures").await;
    assert!(log.text.contains("wrong-content-type") && !log.text.contains(PASSWORD));
}
