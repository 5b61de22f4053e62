//! The counts of token requests, their latency, and the faults recorded for a grant.

use std::time::{Duration, Instant};

use grapnel_sandbox::{Endpoint, Fault, ProviderId, TokenRequests};
use serde_json::json;

use crate::harness::{harness, pair};

#[tokio::test]
async fn concurrent_requests_are_counted() {
    let harness = harness();
    let (_, one) = harness.tokens().await;
    let (_, other) = harness.tokens().await;
    assert_eq!(
        harness.sandbox.token_requests(ProviderId::Grigora),
        TokenRequests { now: 0, most: 1, all: 2 }
    );
    harness.turn("/token-requests", json!({ "latency": 300 })).await;
    let began = Instant::now();
    let (one, other) = tokio::join!(harness.refresh(&one, &[]), harness.refresh(&other, &[]));
    assert_eq!((one.status, other.status), (200, 200));
    assert!(began.elapsed() >= Duration::from_millis(300));
    let told = harness.get("/_sandbox/token-requests").await.json();
    assert_eq!(told, json!({ "now": 0, "most": 2, "all": 4, "latency": 300 }));
    harness.http.delete(harness.url("/_sandbox/token-requests")).send().await.unwrap();
    assert_eq!(harness.sandbox.token_requests(ProviderId::Grigora), TokenRequests::default());
    assert_eq!(harness.sandbox.token_requests(ProviderId::Custom), TokenRequests::default());
}

#[tokio::test]
async fn a_refused_request_is_no_longer_in_flight() {
    let harness = harness();
    harness.token(&[("grant_type", "password")]).await.refused(400, "unsupported_grant_type");
    assert_eq!(
        harness.sandbox.token_requests(ProviderId::Grigora),
        TokenRequests { now: 0, most: 1, all: 1 }
    );
}

#[tokio::test]
async fn refresh_faults_are_found_by_any_token_of_the_grant() {
    let harness = harness();
    let grants = harness.sandbox.grigora_grants();
    let (access, refresh) = harness.tokens().await;
    let (spared, _) = harness.tokens().await;
    for fault in [Fault::ServerError(503), Fault::ExtraMembers] {
        harness.sandbox.faults().set(Endpoint::TokenRefresh, fault, 1).unwrap();
    }
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 503);
    let (newer, newest) = pair(&harness.refresh(&refresh, &[]).await);
    for token in [&access, &refresh, &newer, &newest] {
        assert_eq!(grants.refresh_faults(token), [Fault::ServerError(503), Fault::ExtraMembers]);
    }
    assert!(grants.refresh_faults(&spared).is_empty() && grants.refresh_faults("made-up").is_empty());
    assert!(grants.is_live(&newest) && !grants.is_live(&refresh) && !grants.is_live("made-up"));
}
