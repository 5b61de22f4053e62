//! The token endpoint, and what is in an access token.

use std::collections::BTreeSet;

use std::time::Duration;

use grapnel_sandbox::Kind;
use grapnel_sandbox::ProviderId::Grindery;
use grapnel_sandbox::grindery::{KEYS_PATH, TOKEN_PATH};
use serde_json::json;

use super::{INES, code, exchange, refresh};
use crate::harness::{house, pair};
use crate::place::{claims, send};

#[tokio::test]
async fn the_exchange_answers_in_the_members_of_the_page() {
    let house = house();
    let reply = exchange(&house, &code(&house).await).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    let members: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["access_token", "expires_in", "refresh_token", "token_type"]));
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(3600), &json!("bearer")));
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_body_may_be_json_too() {
    let house = house();
    let body = json!({ "grant_type": "authorization_code", "code": code(&house).await });
    assert_eq!(house.at(Grindery).json(TOKEN_PATH, &body).await.status, 200);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn an_access_token_tells_who_and_until_when_and_can_be_checked() {
    let house = house();
    let (access, _) = pair(&exchange(&house, &code(&house).await).await);
    let told = claims(&access);
    assert_eq!(told["iss"], "urn:grindery:orchestrator");
    assert_eq!(told["aud"], "urn:grindery:access-token:v1");
    assert_eq!(told["sub"], format!("eip155:1:{INES}"));
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 3600);
    assert!(told.get("workspace").is_none() && told.get("role").is_none());
    let keys = house.at(Grindery).get(KEYS_PATH).await.json();
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
async fn a_code_lives_for_a_minute() {
    let house = house();
    let (early, late) = (code(&house).await, code(&house).await);
    house.sandbox.clock().advance(Duration::from_secs(55));
    assert_eq!(exchange(&house, &early).await.status, 200);
    house.sandbox.clock().advance(Duration::from_secs(6));
    exchange(&house, &late).await.refused(400, "invalid_request");
    assert!(house.sandbox.departures().is_empty(), "an expired code is nobody's fault");
}

#[tokio::test]
async fn a_refresh_gives_no_refresh_token_and_the_old_one_goes_on() {
    let house = house();
    let (access, token) = pair(&exchange(&house, &code(&house).await).await);
    for _ in 0..3 {
        let reply = refresh(&house, &token).await;
        let body = reply.json();
        let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((reply.status, members), (200, vec!["access_token", "expires_in", "token_type"]));
        assert_ne!(body["access_token"], *access);
    }
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn there_are_two_errors_and_one_status() {
    let house = house();
    let grindery = house.at(Grindery);
    let spent = code(&house).await;
    exchange(&house, &spent).await;
    let all = [
        (&[][..], "invalid_request", Kind::MissingParameter),
        (&[("grant_type", "password")], "unsupported_grant_type", Kind::WrongValue),
        (&[("grant_type", "authorization_code")], "invalid_request", Kind::MissingParameter),
        (&[("grant_type", "authorization_code"), ("code", "x")], "invalid_request", Kind::UnknownCode),
        (&[("grant_type", "authorization_code"), ("code", &spent)], "invalid_request", Kind::ReplayedCode),
        (&[("grant_type", "refresh_token")], "invalid_request", Kind::MissingParameter),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], "invalid_request", Kind::UnknownToken),
    ];
    for (pairs, error, kind) in all {
        house.sandbox.departures().clear();
        grindery.form(TOKEN_PATH, pairs).await.refused(400, error);
        assert_eq!(house.departed()[0].0, kind, "{pairs:?}");
    }
    let plain = grindery.request(reqwest::Method::POST, TOKEN_PATH).body("grant_type=refresh_token");
    send(plain).await.refused(400, "invalid_request");
    house.at(Grindery).form(&format!("{TOKEN_PATH}?a=b"), &[]).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn whatever_names_a_client_is_noted_and_ignored() {
    let house = house();
    for name in ["client_id", "client_secret", "redirect_uri", "code_verifier", "scope"] {
        let code = code(&house).await;
        let form = [("grant_type", "authorization_code"), ("code", &*code), (name, "x")];
        assert_eq!(house.at(Grindery).form(TOKEN_PATH, &form).await.status, 200);
        house.departed_once(Kind::UnknownParameter, name);
        house.sandbox.departures().clear();
    }
}
