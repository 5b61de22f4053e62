//! The record of issued secrets.

use grapnel_sandbox::{Options, SecretKind};

use crate::harness::{CHALLENGE, VERIFIER, harness, harness_with, pair};

#[tokio::test]
async fn every_code_token_and_verifier_is_revealed_when_enabled() {
    let harness = harness_with(Options { reveal: true, ..Options::default() });
    let code = harness
        .agree(&[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")])
        .await
        .param("code");
    let code = code.unwrap();
    let (access, refresh) = pair(&harness.exchange(&code, &[("code_verifier", VERIFIER)]).await);
    let (newer_access, newer_refresh) = pair(&harness.refresh(&refresh, &[]).await);
    let listed: Vec<_> = harness.sandbox.revealed().into_iter().map(|r| (r.kind, r.value)).collect();
    let expected = [
        (SecretKind::Code, code),
        (SecretKind::CodeVerifier, VERIFIER.to_owned()),
        (SecretKind::AccessToken, access),
        (SecretKind::RefreshToken, refresh),
        (SecretKind::AccessToken, newer_access),
        (SecretKind::RefreshToken, newer_refresh),
    ];
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn no_secret_is_kept_by_default() {
    let harness = harness();
    harness.tokens().await;
    assert!(harness.sandbox.revealed().is_empty());
}

#[tokio::test]
async fn revealed_secrets_are_not_served_over_http() {
    let harness = harness_with(Options { reveal: true, ..Options::default() });
    harness.tokens().await;
    assert!(harness.get("/_sandbox/revealed").await.status == 404);
    for path in ["/_sandbox", "/_sandbox/issued", "/_sandbox/departures"] {
        let told = harness.get(path).await.text;
        assert!(harness.sandbox.revealed().iter().all(|secret| !told.contains(&secret.value)), "{path}");
    }
}
