//! The control endpoint.

use grapnel_sandbox::Kind;
use serde_json::json;

use crate::harness::{Reply, house, pair};

#[tokio::test]
async fn departures_are_read_and_cleared() {
    let house = house();
    house.authorize(&[("scope", "x")]).await;
    let log = house.get("/_sandbox/departures").await.json();
    let one = &log["departures"][0];
    assert_eq!(one["provider"], "grigora");
    assert_eq!(one["endpoint"], "GET /oauth/authorize");
    assert_eq!((one["kind"].as_str(), one["detail"].as_str()), (Some("unknown-parameter"), Some("scope")));
    assert!(one["at"].as_str().unwrap().ends_with('Z'));
    house.http.delete(house.url("/_sandbox/departures")).send().await.unwrap();
    assert_eq!(house.get("/_sandbox/departures").await.json(), json!({ "departures": [] }));
}

#[tokio::test]
async fn departures_can_be_listened_to() {
    let house = house();
    let heard = house.sandbox.departures().listen();
    house.authorize(&[("scope", "x")]).await;
    let departure = heard.recv().unwrap();
    assert_eq!(departure.kind, Kind::UnknownParameter);
    assert_eq!(departure.to_string(), "grigora GET /oauth/authorize: unknown parameter (scope)");
}

#[tokio::test]
async fn faults_are_planned_listed_played_and_cleared() {
    let house = house();
    let (_, refresh) = house.tokens().await;
    let plan = json!({ "endpoint": "token-refresh", "fault": "429=30", "times": 1 });
    let listed = house.turn("/faults", plan).await;
    assert_eq!(
        listed.json()["faults"][0],
        json!({ "endpoint": "token-refresh", "fault": "429=30", "times": "1" })
    );
    assert_eq!(house.refresh(&refresh, &[]).await.status, 429);
    assert_eq!(house.refresh(&refresh, &[]).await.status, 200);
    house.turn("/faults", json!({ "endpoint": "api", "fault": "500", "times": "always" })).await;
    house.http.delete(house.url("/_sandbox/faults")).send().await.unwrap();
    assert_eq!(house.get("/_sandbox/faults").await.json(), json!({ "faults": [] }));
    assert!(house.sandbox.faults().planned().is_empty());
}

#[tokio::test]
async fn a_fault_that_is_none_or_does_not_fit_is_refused() {
    let house = house();
    for plan in [
        json!({ "endpoint": "nowhere", "fault": "500" }),
        json!({ "endpoint": "api", "fault": "explode" }),
        json!({ "endpoint": "api", "fault": "scope-commas" }),
        json!({ "endpoint": "api", "fault": "500", "times": "often" }),
        json!({ "endpoint": "api" }),
    ] {
        house.turn("/faults", plan).await.refused(400, "invalid_request");
    }
    assert!(house.sandbox.faults().planned().is_empty());
}

#[tokio::test]
async fn the_clock_moves_forward_and_replies_say_so() {
    let house = house();
    let (access, _) = house.tokens().await;
    let before = house.get("/_sandbox/clock").await;
    let after = house.turn("/clock", json!({ "advance": 7200 })).await;
    assert!(after.json()["now"].as_str().unwrap() > before.json()["now"].as_str().unwrap());
    let date = |reply: &Reply| jiff::fmt::rfc2822::parse(reply.header("date")).unwrap().timestamp();
    assert!((7199..=7230).contains(&(date(&after).as_second() - date(&before).as_second())));
    assert!(!house.is_live(&access).await);
}

#[tokio::test]
async fn lifetimes_are_changed_for_what_comes() {
    let house = house();
    let (old, _) = house.tokens().await;
    let told = house.turn("/lifetimes", json!({ "access_token": 60, "code": 5, "refresh_token": 120 })).await;
    assert_eq!(told.json(), json!({ "code": 5, "access_token": 60, "refresh_token": 120 }));
    let reply = house.exchange(&house.code().await, &[]).await;
    assert_eq!(reply.json()["expires_in"], 60);
    let (new, refresh) = pair(&reply);
    let code = house.code().await;
    house.turn("/clock", json!({ "advance": 61 })).await;
    house.exchange(&code, &[]).await.refused(400, "invalid_grant");
    assert!(!house.is_live(&new).await && house.is_live(&old).await);
    house.turn("/clock", json!({ "advance": 60 })).await;
    house.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
    let told = house.turn("/lifetimes", json!({ "refresh_token": "never" })).await;
    assert_eq!(told.json(), json!({ "code": 5, "access_token": 60, "refresh_token": null }));
}

#[tokio::test]
async fn a_token_is_revoked_alone_or_with_its_grant() {
    let house = house();
    let (access, refresh) = house.tokens().await;
    let alone = house.turn("/revoke", json!({ "token": access })).await;
    assert_eq!(alone.json(), json!({ "revoked": true }));
    house.api_get("/project/list", &access).await.refused(401, "invalid_token");
    let (access, refresh) = pair(&house.refresh(&refresh, &[]).await);
    house.turn("/revoke", json!({ "token": access, "whole_grant": true })).await;
    house.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
    assert!(!house.is_live(&access).await);
    assert_eq!(
        house.turn("/revoke", json!({ "token": "made-up" })).await.json(),
        json!({ "revoked": false })
    );
}

#[tokio::test]
async fn what_was_issued_is_told_in_numbers_only() {
    let house = house();
    let (access, refresh) = house.tokens().await;
    house.refresh(&refresh, &[]).await;
    house.code().await;
    let issued = house.get("/_sandbox/issued").await;
    let expected = json!({
        "grants": 1, "codes": 2, "codes_open": 1,
        "access_tokens": 2, "access_tokens_live": 2,
        "refresh_tokens": 2, "refresh_tokens_live": 1,
    });
    assert_eq!(issued.json(), expected);
    let summary = house.get("/_sandbox").await;
    assert_eq!((summary.status, summary.json()["url"].as_str()), (200, Some(house.sandbox.grigora())));
    assert!(!summary.text.contains(&access));
}

#[tokio::test]
async fn consent_is_switched() {
    let house = house();
    house.turn("/consent", json!({ "mode": "authorize" })).await;
    assert!(house.authorize(&[]).await.param("code").is_some());
    house.turn("/consent", json!({ "mode": "ask" })).await;
    assert_eq!(house.authorize(&[]).await.status, 200);
}

#[tokio::test]
async fn another_site_cannot_turn_anything() {
    let house = house();
    let post = || house.http.post(house.url("/_sandbox/clock"));
    let body = "{\"advance\":7200}";
    for request in [
        post().body(body),
        post().header("content-type", "text/plain").body(body),
        post().header("content-type", "application/json").header("origin", "https://evil.example").body(body),
        post().header("content-type", "application/json").header("sec-fetch-site", "cross-site").body(body),
    ] {
        Reply::of(request.send().await.unwrap()).await.refused(403, "invalid_request");
    }
    assert_eq!(house.departed()[0].0, Kind::ForeignOrigin);
}
