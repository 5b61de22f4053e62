//! The API: a user with their organizations, and a call that needs one.

use std::time::Duration;

use grapnel_sandbox::DepartureKind;
use grapnel_sandbox::ProviderId::GroveStreams;
use grapnel_sandbox::grovestreams::{ACCOUNTS, EMAIL, USER_UID};
use reqwest::Method;
use serde_json::json;

use super::{access, failed};
use crate::harness::harness;
use crate::provider_client::send;

const HARBOUR: &str = "1fd0a6c2-8a1e-3d47-b0f9-52c6e7718da4";
const SEKAI: &str = "c07a1d94-e5b3-3f20-9c76-0b84d3f1a65e";

#[tokio::test]
async fn a_user_is_shown_with_their_organizations() {
    let harness = harness();
    let reply =
        harness.at(GroveStreams).get_as(&format!("/api/user/{USER_UID}"), &access(&harness).await).await;
    let body = reply.json();
    assert_eq!((reply.status, &body["success"]), (200, &json!(true)));
    let user = &body["user"];
    assert_eq!((&user["uid"], &user["email"]), (&json!(USER_UID), &json!(EMAIL)));
    assert_eq!((&user["firstName"], &user["lastName"]), (&json!("Ines"), &json!("Marchetti")));
    let expected = json!([
        { "uid": HARBOUR, "name": "Harbour Coffee Roasters", "isOwner": true },
        { "uid": "93c5be10-47f2-3a68-8d1b-ef0a62c947b5", "name": "Northwind Bakery", "isOwner": false },
    ]);
    assert_eq!(user["organization"], expected);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_user_sees_only_their_own_account() {
    let harness = harness();
    let token = access(&harness).await;
    for uid in [ACCOUNTS[1].2, "nobody"] {
        failed(&harness.at(GroveStreams).get_as(&format!("/api/user/{uid}"), &token).await);
    }
}

#[tokio::test]
async fn a_call_for_an_organization_takes_it_as_a_parameter_or_as_a_cookie() {
    let harness = harness();
    let (place, token) = (harness.at(GroveStreams), access(&harness).await);
    let by_query = place.get_as(&format!("/api/component?org={HARBOUR}"), &token).await;
    assert_eq!(by_query.json()["component"].as_array().unwrap().len(), 3);
    let cookie = place.request(Method::GET, "/api/component").bearer_auth(&token);
    let by_cookie = send(cookie.header("cookie", format!("theme=dark; org={HARBOUR}"))).await;
    assert_eq!(by_cookie.json(), by_query.json());
    assert!(harness.sandbox.departures().is_empty());
    failed(&place.get_as("/api/component", &token).await);
    harness.departed_once(DepartureKind::MissingParameter, "org");
    harness.sandbox.departures().clear();
    failed(&place.get_as(&format!("/api/component?org={SEKAI}"), &token).await);
    harness.departed_once(DepartureKind::ProjectNotAuthorized, "org");
}

#[tokio::test]
async fn a_bad_token_is_a_failure_with_status_200() {
    let harness = harness();
    let (place, token) = (harness.at(GroveStreams), access(&harness).await);
    let path = format!("/api/user/{USER_UID}");
    failed(&place.get(&path).await);
    failed(&place.get_as(&path, "made-up").await);
    assert_eq!(harness.departed().len(), 2);
    harness.sandbox.departures().clear();
    harness.sandbox.clock().advance(Duration::from_secs(86_401));
    failed(&place.get_as(&path, &token).await);
    assert!(harness.sandbox.departures().is_empty());
}
