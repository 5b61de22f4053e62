//! The token endpoint, and the claims of an access token.

use std::collections::BTreeSet;

use std::time::Duration;

use grapnel_sandbox::DepartureKind;
use grapnel_sandbox::ProviderId::Grindery;
use grapnel_sandbox::grindery::{KEYS_PATH, TOKEN_PATH};
use serde_json::json;

use super::{INES, code, exchange, refresh};
use crate::harness::{harness, pair};
use crate::provider_client::{claims, send};

#[tokio::test]
async fn the_exchange_reply_has_the_documented_members() {
    let harness = harness();
    let reply = exchange(&harness, &code(&harness).await).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    let members: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["access_token", "expires_in", "refresh_token", "token_type"]));
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(3600), &json!("bearer")));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn json_is_accepted() {
    let harness = harness();
    let body = json!({ "grant_type": "authorization_code", "code": code(&harness).await });
    assert_eq!(harness.at(Grindery).json(TOKEN_PATH, &body).await.status, 200);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn an_access_token_is_a_signed_jwt_with_subject_and_expiry() {
    let harness = harness();
    let (access, _) = pair(&exchange(&harness, &code(&harness).await).await);
    let told = claims(&access);
    assert_eq!(told["iss"], "urn:grindery:orchestrator");
    assert_eq!(told["aud"], "urn:grindery:access-token:v1");
    assert_eq!(told["sub"], format!("eip155:1:{INES}"));
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 3600);
    assert!(told.get("workspace").is_none() && told.get("role").is_none());
    let keys = harness.at(Grindery).get(KEYS_PATH).await.json();
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("EC"), &json!("P-256"), &json!("ES256")));
    assert!(key.get("d").is_none());
    assert!(is_signed_by(&access, key));
    let forged = access.replacen('.', ".x", 1);
    assert!(!is_signed_by(&forged, key));
}

fn is_signed_by(token: &str, key: &serde_json::Value) -> bool {
    use base64::Engine;
    use p256::ecdsa::signature::Verifier;
    use p256::ecdsa::{Signature, VerifyingKey};
    let bytes = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    let half = |name: &str| bytes(key[name].as_str().unwrap());
    let public = VerifyingKey::from_sec1_bytes(&[vec![4], half("x"), half("y")].concat()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    public.verify(signed.as_bytes(), &Signature::from_slice(&bytes(signature)).unwrap()).is_ok()
}

#[tokio::test]
async fn a_code_expires_after_a_minute() {
    let harness = harness();
    let (early, late) = (code(&harness).await, code(&harness).await);
    harness.sandbox.clock().advance(Duration::from_secs(55));
    assert_eq!(exchange(&harness, &early).await.status, 200);
    harness.sandbox.clock().advance(Duration::from_secs(6));
    exchange(&harness, &late).await.refused(400, "invalid_request");
    assert!(harness.sandbox.departures().is_empty(), "an expired code is nobody's fault");
}

#[tokio::test]
async fn a_refresh_does_not_rotate_the_refresh_token() {
    let harness = harness();
    let (access, token) = pair(&exchange(&harness, &code(&harness).await).await);
    for _ in 0..3 {
        let reply = refresh(&harness, &token).await;
        let body = reply.json();
        let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((reply.status, members), (200, vec!["access_token", "expires_in", "token_type"]));
        assert_ne!(body["access_token"], *access);
    }
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn every_error_has_status_400() {
    let harness = harness();
    let grindery = harness.at(Grindery);
    let spent = code(&harness).await;
    exchange(&harness, &spent).await;
    let all = [
        (&[][..], "invalid_request", DepartureKind::MissingParameter),
        (&[("grant_type", "password")], "unsupported_grant_type", DepartureKind::WrongValue),
        (&[("grant_type", "authorization_code")], "invalid_request", DepartureKind::MissingParameter),
        (
            &[("grant_type", "authorization_code"), ("code", "x")],
            "invalid_request",
            DepartureKind::UnknownCode,
        ),
        (
            &[("grant_type", "authorization_code"), ("code", &spent)],
            "invalid_request",
            DepartureKind::ReplayedCode,
        ),
        (&[("grant_type", "refresh_token")], "invalid_request", DepartureKind::MissingParameter),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "x")],
            "invalid_request",
            DepartureKind::UnknownToken,
        ),
    ];
    for (pairs, error, kind) in all {
        harness.sandbox.departures().clear();
        grindery.form(TOKEN_PATH, pairs).await.refused(400, error);
        assert_eq!(harness.departed()[0].0, kind, "{pairs:?}");
    }
    let plain = grindery.request(reqwest::Method::POST, TOKEN_PATH).body("grant_type=refresh_token");
    send(plain).await.refused(400, "invalid_request");
    harness.at(Grindery).form(&format!("{TOKEN_PATH}?a=b"), &[]).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn client_parameters_are_logged_and_ignored() {
    let harness = harness();
    for name in ["client_id", "client_secret", "redirect_uri", "code_verifier", "scope"] {
        let code = code(&harness).await;
        let form = [("grant_type", "authorization_code"), ("code", &*code), (name, "x")];
        assert_eq!(harness.at(Grindery).form(TOKEN_PATH, &form).await.status, 200);
        harness.departed_once(DepartureKind::UnknownParameter, name);
        harness.sandbox.departures().clear();
    }
}
