//! The list of secrets in the clear, for tests that look for leaks.

use grapnel_sandbox::{Options, Secret};

use crate::harness::{CHALLENGE, VERIFIER, house, house_with, pair};

#[tokio::test]
async fn every_code_token_and_verifier_is_listed_when_asked_for() {
    let house = house_with(Options { reveal: true, ..Options::default() });
    let code =
        house.agree(&[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]).await.param("code");
    let code = code.unwrap();
    let (access, refresh) = pair(&house.exchange(&code, &[("code_verifier", VERIFIER)]).await);
    let (newer_access, newer_refresh) = pair(&house.refresh(&refresh, &[]).await);
    let listed: Vec<_> = house.sandbox.revealed().into_iter().map(|r| (r.kind, r.value)).collect();
    let expected = [
        (Secret::Code, code),
        (Secret::CodeVerifier, VERIFIER.to_owned()),
        (Secret::AccessToken, access),
        (Secret::RefreshToken, refresh),
        (Secret::AccessToken, newer_access),
        (Secret::RefreshToken, newer_refresh),
    ];
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn nothing_is_remembered_unless_asked_for() {
    let house = house();
    house.tokens().await;
    assert!(house.sandbox.revealed().is_empty());
}

#[tokio::test]
async fn nothing_of_it_is_told_over_http() {
    let house = house_with(Options { reveal: true, ..Options::default() });
    house.tokens().await;
    assert!(house.get("/_sandbox/revealed").await.status == 404);
    for path in ["/_sandbox", "/_sandbox/issued", "/_sandbox/departures"] {
        let told = house.get(path).await.text;
        assert!(house.sandbox.revealed().iter().all(|secret| !told.contains(&secret.value)), "{path}");
    }
}
