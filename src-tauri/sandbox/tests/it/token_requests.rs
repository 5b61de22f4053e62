//! How many token requests a provider sees at once, how long they take, and whom a fault struck.

use std::time::{Duration, Instant};

use grapnel_sandbox::{Endpoint, Fault, ProviderId, TokenRequests};
use serde_json::json;

use crate::harness::{house, pair};

#[tokio::test]
async fn requests_that_meet_are_counted_as_such() {
    let house = house();
    let (_, one) = house.tokens().await;
    let (_, other) = house.tokens().await;
    assert_eq!(house.sandbox.token_requests(ProviderId::Grigora), TokenRequests { now: 0, most: 1, all: 2 });
    house.turn("/token-requests", json!({ "latency": 300 })).await;
    let began = Instant::now();
    let (one, other) = tokio::join!(house.refresh(&one, &[]), house.refresh(&other, &[]));
    assert_eq!((one.status, other.status), (200, 200));
    assert!(began.elapsed() >= Duration::from_millis(300));
    let told = house.get("/_sandbox/token-requests").await.json();
    assert_eq!(told, json!({ "now": 0, "most": 2, "all": 4, "latency": 300 }));
    house.http.delete(house.url("/_sandbox/token-requests")).send().await.unwrap();
    assert_eq!(house.sandbox.token_requests(ProviderId::Grigora), TokenRequests::default());
    assert_eq!(house.sandbox.token_requests(ProviderId::Custom), TokenRequests::default());
}

#[tokio::test]
async fn a_refused_request_is_over() {
    let house = house();
    house.token(&[("grant_type", "password")]).await.refused(400, "unsupported_grant_type");
    assert_eq!(house.sandbox.token_requests(ProviderId::Grigora), TokenRequests { now: 0, most: 1, all: 1 });
}

#[tokio::test]
async fn whose_renewal_a_fault_struck_is_known_by_any_token_of_the_grant() {
    let house = house();
    let grants = house.sandbox.grigora_grants();
    let (access, refresh) = house.tokens().await;
    let (spared, _) = house.tokens().await;
    for fault in [Fault::ServerError(503), Fault::ExtraMembers] {
        house.sandbox.faults().set(Endpoint::TokenRefresh, fault, 1).unwrap();
    }
    assert_eq!(house.refresh(&refresh, &[]).await.status, 503);
    let (newer, newest) = pair(&house.refresh(&refresh, &[]).await);
    for token in [&access, &refresh, &newer, &newest] {
        assert_eq!(grants.struck(token), [Fault::ServerError(503), Fault::ExtraMembers]);
    }
    assert!(grants.struck(&spared).is_empty() && grants.struck("made-up").is_empty());
    assert!(grants.is_live(&newest) && !grants.is_live(&refresh) && !grants.is_live("made-up"));
}
