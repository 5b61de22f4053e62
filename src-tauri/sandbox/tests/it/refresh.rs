//! The refresh: rotation, what ends and what goes on.

use std::time::Duration;

use grapnel_sandbox::grigora::sandbox_app;
use grapnel_sandbox::{App, Kind, Lifetimes, Options, grigora};

use crate::harness::{house, house_with, pair};

#[tokio::test]
async fn a_refresh_answers_in_the_shape_of_the_exchange_with_new_tokens() {
    let house = house();
    let (access, refresh) = house.tokens().await;
    let reply = house.refresh(&refresh, &[]).await;
    let (new_access, new_refresh) = pair(&reply);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(new_access.starts_with("gri_at_") && new_access != access);
    assert!(new_refresh.starts_with("gri_rt_") && new_refresh != refresh);
    let body = reply.json();
    assert_eq!((body["token_type"].as_str(), body["expires_in"].as_u64()), (Some("Bearer"), Some(3600)));
    assert_eq!(body["scope"], "cms:post:read directory:items:read project:details:read");
    assert_eq!(body["project_ids"].as_array().unwrap().len(), 6);
    assert!(house.is_live(&new_access).await);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_old_refresh_token_ends_at_once_and_the_new_one_goes_on() {
    let house = house();
    let (_, first) = house.tokens().await;
    let (_, second) = pair(&house.refresh(&first, &[]).await);
    house.refresh(&first, &[]).await.refused(400, "invalid_grant");
    house.departed_once(Kind::RotatedRefreshToken, "refresh_token");
    assert_eq!(
        house.refresh(&second, &[]).await.status,
        200,
        "the reuse of an old one does not end the new one"
    );
}

#[tokio::test]
async fn the_old_access_token_lives_until_it_expires() {
    let house = house();
    let (access, refresh) = house.tokens().await;
    house.refresh(&refresh, &[]).await;
    assert!(house.is_live(&access).await);
}

#[tokio::test]
async fn an_access_token_expires_and_a_refresh_brings_the_connection_back() {
    let house = house();
    let (access, refresh) = house.tokens().await;
    house.sandbox.clock().advance(Duration::from_secs(3_590));
    assert!(house.is_live(&access).await);
    house.sandbox.clock().advance(Duration::from_secs(11));
    house.api_get("/token/authorized_by", &access).await.refused(401, "invalid_token");
    let (access, _) = pair(&house.refresh(&refresh, &[]).await);
    assert!(house.is_live(&access).await);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_refresh_token_lives_for_ever_unless_told_otherwise() {
    let year = Duration::from_secs(365 * 86_400);
    let house = house();
    let (_, refresh) = house.tokens().await;
    house.sandbox.clock().advance(year);
    assert_eq!(house.refresh(&refresh, &[]).await.status, 200);

    let lifetimes = Lifetimes { refresh_token: Some(86_400), ..grigora::LIFETIMES };
    let house = house_with(Options { lifetimes, ..Options::default() });
    let (_, refresh) = house.tokens().await;
    house.sandbox.clock().advance(year);
    house.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_token_that_was_never_issued_is_an_invalid_grant() {
    let house = house();
    let (access, _) = house.tokens().await;
    for token in ["gri_rt_made-up", access.as_str()] {
        house.sandbox.departures().clear();
        house.refresh(token, &[]).await.refused(400, "invalid_grant");
        house.departed_once(Kind::UnknownToken, "refresh_token");
    }
}

#[tokio::test]
async fn a_refresh_needs_its_token_and_the_right_client() {
    let house = house();
    let (_, refresh) = house.tokens().await;
    house.refresh("", &[]).await.refused(400, "invalid_request");
    house.refresh(&refresh, &[("client_secret", "wrong")]).await.refused(401, "invalid_client");
    assert_eq!(house.refresh(&refresh, &[]).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_is_bound_to_its_client() {
    let other = App { client_id: "other".to_owned(), client_secret: "its-own".to_owned(), ..sandbox_app() };
    let house = house_with(Options::default().with_app(other));
    let (_, refresh) = house.tokens().await;
    let theirs = [("client_id", "other"), ("client_secret", "its-own")];
    house.refresh(&refresh, &theirs).await.refused(400, "invalid_grant");
    assert_eq!(house.refresh(&refresh, &[]).await.status, 200);
}

#[tokio::test]
async fn a_parameter_that_the_refresh_does_not_name_is_noted() {
    let house = house();
    let (_, refresh) = house.tokens().await;
    assert_eq!(house.refresh(&refresh, &[("scope", "cms:post:read")]).await.status, 200);
    house.departed_once(Kind::UnknownParameter, "scope");
}

#[tokio::test]
async fn of_many_refreshes_at_once_one_wins() {
    let house = house();
    let (_, refresh) = house.tokens().await;
    let (a, b, c) = tokio::join!(
        house.refresh(&refresh, &[]),
        house.refresh(&refresh, &[]),
        house.refresh(&refresh, &[])
    );
    let won = [a, b, c].iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
}
