//! The control endpoint.

use grapnel_sandbox::DepartureKind;
use serde_json::json;

use crate::harness::{Reply, harness, pair};

#[tokio::test]
async fn departures_are_read_and_cleared() {
    let harness = harness();
    harness.authorize(&[("scope", "x")]).await;
    let log = harness.get("/_sandbox/departures").await.json();
    let one = &log["departures"][0];
    assert_eq!(one["provider"], "grigora");
    assert_eq!(one["endpoint"], "GET /oauth/authorize");
    assert_eq!((one["kind"].as_str(), one["detail"].as_str()), (Some("unknown-parameter"), Some("scope")));
    assert!(one["at"].as_str().unwrap().ends_with('Z'));
    harness.http.delete(harness.url("/_sandbox/departures")).send().await.unwrap();
    assert_eq!(harness.get("/_sandbox/departures").await.json(), json!({ "departures": [] }));
}

#[tokio::test]
async fn departures_can_be_listened_to() {
    let harness = harness();
    let heard = harness.sandbox.departures().listen();
    harness.authorize(&[("scope", "x")]).await;
    let departure = heard.recv().unwrap();
    assert_eq!(departure.kind, DepartureKind::UnknownParameter);
    assert_eq!(departure.to_string(), "grigora GET /oauth/authorize: unknown parameter (scope)");
}

#[tokio::test]
async fn faults_are_planned_listed_applied_and_cleared() {
    let harness = harness();
    let (_, refresh) = harness.tokens().await;
    let plan = json!({ "endpoint": "token-refresh", "fault": "429=30", "times": 1 });
    let listed = harness.turn("/faults", plan).await;
    assert_eq!(
        listed.json()["faults"][0],
        json!({ "endpoint": "token-refresh", "fault": "429=30", "times": "1" })
    );
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 429);
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
    harness.turn("/faults", json!({ "endpoint": "api", "fault": "500", "times": "always" })).await;
    harness.http.delete(harness.url("/_sandbox/faults")).send().await.unwrap();
    assert_eq!(harness.get("/_sandbox/faults").await.json(), json!({ "faults": [] }));
    assert!(harness.sandbox.faults().planned().is_empty());
}

#[tokio::test]
async fn an_unknown_or_misplaced_fault_is_refused() {
    let harness = harness();
    for plan in [
        json!({ "endpoint": "nowhere", "fault": "500" }),
        json!({ "endpoint": "api", "fault": "explode" }),
        json!({ "endpoint": "api", "fault": "scope-commas" }),
        json!({ "endpoint": "api", "fault": "500", "times": "often" }),
        json!({ "endpoint": "api" }),
    ] {
        harness.turn("/faults", plan).await.refused(400, "invalid_request");
    }
    assert!(harness.sandbox.faults().planned().is_empty());
}

#[tokio::test]
async fn the_clock_advances_and_replies_show_it() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    let before = harness.get("/_sandbox/clock").await;
    let after = harness.turn("/clock", json!({ "advance": 7200 })).await;
    assert!(after.json()["now"].as_str().unwrap() > before.json()["now"].as_str().unwrap());
    let date = |reply: &Reply| jiff::fmt::rfc2822::parse(reply.header("date")).unwrap().timestamp();
    assert!((7199..=7230).contains(&(date(&after).as_second() - date(&before).as_second())));
    assert!(!harness.is_live(&access).await);
}

#[tokio::test]
async fn lifetimes_change_for_later_tokens() {
    let harness = harness();
    let (old, _) = harness.tokens().await;
    let told =
        harness.turn("/lifetimes", json!({ "access_token": 60, "code": 5, "refresh_token": 120 })).await;
    assert_eq!(told.json(), json!({ "code": 5, "access_token": 60, "refresh_token": 120 }));
    let reply = harness.exchange(&harness.code().await, &[]).await;
    assert_eq!(reply.json()["expires_in"], 60);
    let (new, refresh) = pair(&reply);
    let code = harness.code().await;
    harness.turn("/clock", json!({ "advance": 61 })).await;
    harness.exchange(&code, &[]).await.refused(400, "invalid_grant");
    assert!(!harness.is_live(&new).await && harness.is_live(&old).await);
    harness.turn("/clock", json!({ "advance": 60 })).await;
    harness.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
    let told = harness.turn("/lifetimes", json!({ "refresh_token": "never" })).await;
    assert_eq!(told.json(), json!({ "code": 5, "access_token": 60, "refresh_token": null }));
}

#[tokio::test]
async fn a_token_is_revoked_alone_or_with_its_grant() {
    let harness = harness();
    let (access, refresh) = harness.tokens().await;
    let alone = harness.turn("/revoke", json!({ "token": access })).await;
    assert_eq!(alone.json(), json!({ "revoked": true }));
    harness.api_get("/project/list", &access).await.refused(401, "invalid_token");
    let (access, refresh) = pair(&harness.refresh(&refresh, &[]).await);
    harness.turn("/revoke", json!({ "token": access, "whole_grant": true })).await;
    harness.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
    assert!(!harness.is_live(&access).await);
    assert_eq!(
        harness.turn("/revoke", json!({ "token": "made-up" })).await.json(),
        json!({ "revoked": false })
    );
}

#[tokio::test]
async fn issued_returns_counts_only() {
    let harness = harness();
    let (access, refresh) = harness.tokens().await;
    harness.refresh(&refresh, &[]).await;
    harness.code().await;
    let issued = harness.get("/_sandbox/issued").await;
    let expected = json!({
        "grants": 1, "codes": 2, "codes_open": 1,
        "access_tokens": 2, "access_tokens_live": 2,
        "refresh_tokens": 2, "refresh_tokens_live": 1,
    });
    assert_eq!(issued.json(), expected);
    let summary = harness.get("/_sandbox").await;
    assert_eq!((summary.status, summary.json()["url"].as_str()), (200, Some(harness.sandbox.grigora())));
    assert!(!summary.text.contains(&access));
}

#[tokio::test]
async fn the_consent_mode_is_set() {
    let harness = harness();
    harness.turn("/consent", json!({ "mode": "authorize" })).await;
    assert!(harness.authorize(&[]).await.param("code").is_some());
    harness.turn("/consent", json!({ "mode": "ask" })).await;
    assert_eq!(harness.authorize(&[]).await.status, 200);
}

#[tokio::test]
async fn a_cross_origin_request_changes_nothing() {
    let harness = harness();
    let post = || harness.http.post(harness.url("/_sandbox/clock"));
    let body = "{\"advance\":7200}";
    for request in [
        post().body(body),
        post().header("content-type", "text/plain").body(body),
        post().header("content-type", "application/json").header("origin", "https://evil.example").body(body),
        post().header("content-type", "application/json").header("sec-fetch-site", "cross-site").body(body),
    ] {
        Reply::of(request.send().await.unwrap()).await.refused(403, "invalid_request");
    }
    assert_eq!(harness.departed()[0].0, DepartureKind::ForeignOrigin);
}
