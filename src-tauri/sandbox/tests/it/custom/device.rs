//! The device authorization grant and the client credentials grant.

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::custom::{CLIENT_ID, CLIENT_SECRET, DEVICE_AUTHORIZATION_PATH, DEVICE_PATH, TOKEN_PATH};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Harness, Reply, harness};
use crate::provider_client::{send, text};

async fn post(harness: &Harness, path: &str, form: &[(&str, &str)]) -> Reply {
    let request = harness.at(Custom).request(Method::POST, path).basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
    send(request.form(form)).await
}

async fn poll(harness: &Harness, code: &str) -> Reply {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    post(harness, TOKEN_PATH, &[("grant_type", grant), ("device_code", code)]).await
}

async fn decide(harness: &Harness, user_code: &str, decision: &str) -> Reply {
    let page = harness.at(Custom).get(DEVICE_PATH).await.text;
    let value = |name: &str| {
        let (_, rest) = page.split_once(&format!("name=\"{name}\"")).unwrap();
        rest.split_once("value=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    let (ticket, user) = (value("ticket"), value("user"));
    let form = [("ticket", &*ticket), ("user", &*user), ("user_code", user_code), ("decision", decision)];
    send(harness.at(Custom).request(Method::POST, "/device/answer").form(&form)).await
}

#[tokio::test]
async fn a_device_polls_until_its_code_is_entered() {
    let harness = harness();
    let asked = post(&harness, DEVICE_AUTHORIZATION_PATH, &[("scope", "openid notes:read")]).await;
    let (code, user_code) = (text(&asked, "device_code"), text(&asked, "user_code"));
    assert!(text(&asked, "verification_uri_complete").ends_with(&user_code));
    let mut errors = Vec::new();
    for _ in 0..2 {
        errors.push(text(&poll(&harness, &code).await, "error"));
    }
    assert_eq!(errors, ["authorization_pending", "slow_down"]);
    assert_eq!(decide(&harness, "WRONG", "authorize").await.status, 400);
    assert_eq!(decide(&harness, &user_code.to_lowercase(), "authorize").await.status, 200);
    let granted = poll(&harness, &code).await.json();
    assert_eq!(granted["scope"], "openid notes:read");
    assert!(granted["refresh_token"].is_string() && granted["id_token"].is_string());
    // A code works once.
    assert_eq!(text(&poll(&harness, &code).await, "error"), "invalid_grant");
}

#[tokio::test]
async fn a_refused_or_expired_code_yields_nothing() {
    let harness = harness();
    let codes = async || {
        let asked = post(&harness, DEVICE_AUTHORIZATION_PATH, &[]).await;
        (text(&asked, "device_code"), text(&asked, "user_code"))
    };
    let (code, user_code) = codes().await;
    decide(&harness, &user_code, "cancel").await;
    assert_eq!(text(&poll(&harness, &code).await, "error"), "access_denied");
    let (code, _) = codes().await;
    harness.sandbox.clock().advance(std::time::Duration::from_secs(601));
    assert_eq!(text(&poll(&harness, &code).await, "error"), "expired_token");
}

#[tokio::test]
async fn a_client_gets_a_token_of_its_own_without_a_refresh_token() {
    let harness = harness();
    let form = [("grant_type", "client_credentials"), ("scope", "notes:read")];
    let granted = post(&harness, TOKEN_PATH, &form).await.json();
    assert_eq!((&granted["scope"], &granted["refresh_token"]), (&json!("notes:read"), &json!(null)));
    let wrong = [("grant_type", "client_credentials"), ("scope", "nothing")];
    assert_eq!(text(&post(&harness, TOKEN_PATH, &wrong).await, "error"), "invalid_scope");
}
