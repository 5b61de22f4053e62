//! The refresh: rotation, expiry and client binding.

use std::time::Duration;

use grapnel_sandbox::grigora::sandbox_app;
use grapnel_sandbox::{DepartureKind, Lifetimes, Options, RegisteredApp, grigora};

use crate::harness::{harness, harness_with, pair};

#[tokio::test]
async fn a_refresh_reply_has_new_tokens_and_the_members_of_the_exchange() {
    let harness = harness();
    let (access, refresh) = harness.tokens().await;
    let reply = harness.refresh(&refresh, &[]).await;
    let (new_access, new_refresh) = pair(&reply);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(new_access.starts_with("gri_at_") && new_access != access);
    assert!(new_refresh.starts_with("gri_rt_") && new_refresh != refresh);
    let body = reply.json();
    assert_eq!((body["token_type"].as_str(), body["expires_in"].as_u64()), (Some("Bearer"), Some(3600)));
    assert_eq!(body["scope"], "cms:post:read directory:items:read project:details:read");
    assert_eq!(body["project_ids"].as_array().unwrap().len(), 6);
    assert!(harness.is_live(&new_access).await);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_old_refresh_token_is_rotated_at_once() {
    let harness = harness();
    let (_, first) = harness.tokens().await;
    let (_, second) = pair(&harness.refresh(&first, &[]).await);
    harness.refresh(&first, &[]).await.refused(400, "invalid_grant");
    harness.departed_once(DepartureKind::RotatedRefreshToken, "refresh_token");
    assert_eq!(
        harness.refresh(&second, &[]).await.status,
        200,
        "the reuse of an old one does not end the new one"
    );
}

#[tokio::test]
async fn the_old_access_token_stays_valid_until_it_expires() {
    let harness = harness();
    let (access, refresh) = harness.tokens().await;
    harness.refresh(&refresh, &[]).await;
    assert!(harness.is_live(&access).await);
}

#[tokio::test]
async fn an_expired_access_token_is_replaced_by_a_refresh() {
    let harness = harness();
    let (access, refresh) = harness.tokens().await;
    harness.sandbox.clock().advance(Duration::from_secs(3_590));
    assert!(harness.is_live(&access).await);
    harness.sandbox.clock().advance(Duration::from_secs(11));
    harness.api_get("/token/authorized_by", &access).await.refused(401, "invalid_token");
    let (access, _) = pair(&harness.refresh(&refresh, &[]).await);
    assert!(harness.is_live(&access).await);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_refresh_token_expires_only_with_a_set_lifetime() {
    let year = Duration::from_secs(365 * 86_400);
    let harness = harness();
    let (_, refresh) = harness.tokens().await;
    harness.sandbox.clock().advance(year);
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);

    let lifetimes = Lifetimes { refresh_token: Some(86_400), ..grigora::LIFETIMES };
    let harness = harness_with(Options { lifetimes, ..Options::default() });
    let (_, refresh) = harness.tokens().await;
    harness.sandbox.clock().advance(year);
    harness.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_token_that_was_never_issued_is_an_invalid_grant() {
    let harness = harness();
    let (access, _) = harness.tokens().await;
    for token in ["gri_rt_made-up", access.as_str()] {
        harness.sandbox.departures().clear();
        harness.refresh(token, &[]).await.refused(400, "invalid_grant");
        harness.departed_once(DepartureKind::UnknownToken, "refresh_token");
    }
}

#[tokio::test]
async fn a_refresh_requires_the_token_and_client_authentication() {
    let harness = harness();
    let (_, refresh) = harness.tokens().await;
    harness.refresh("", &[]).await.refused(400, "invalid_request");
    harness.refresh(&refresh, &[("client_secret", "wrong")]).await.refused(401, "invalid_client");
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_is_bound_to_its_client() {
    let other =
        RegisteredApp { client_id: "other".to_owned(), client_secret: "its-own".to_owned(), ..sandbox_app() };
    let harness = harness_with(Options::default().with_app(other));
    let (_, refresh) = harness.tokens().await;
    let theirs = [("client_id", "other"), ("client_secret", "its-own")];
    harness.refresh(&refresh, &theirs).await.refused(400, "invalid_grant");
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
}

#[tokio::test]
async fn an_undocumented_refresh_parameter_is_logged() {
    let harness = harness();
    let (_, refresh) = harness.tokens().await;
    assert_eq!(harness.refresh(&refresh, &[("scope", "cms:post:read")]).await.status, 200);
    harness.departed_once(DepartureKind::UnknownParameter, "scope");
}

#[tokio::test]
async fn of_many_concurrent_refreshes_one_succeeds() {
    let harness = harness();
    let (_, refresh) = harness.tokens().await;
    let (a, b, c) = tokio::join!(
        harness.refresh(&refresh, &[]),
        harness.refresh(&refresh, &[]),
        harness.refresh(&refresh, &[])
    );
    let won = [a, b, c].iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
}
