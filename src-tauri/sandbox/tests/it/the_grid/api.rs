//! The API: user, sites and items.

use grapnel_sandbox::DepartureKind;
use grapnel_sandbox::ProviderId::TheGrid;
use serde_json::{Value, json};

use super::{INES, MISAKI, TOMAS, access_of};
use crate::harness::{Harness, harness};

async fn items(harness: &Harness, token: &str, query: &str) -> Vec<Value> {
    let reply = harness.at(TheGrid).get_as(&format!("/item{query}"), token).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn the_user_has_an_id_or_a_uuid_and_an_optional_email() {
    let harness = harness();
    let who = async |user| {
        let token = access_of(&harness, user).await;
        harness.at(TheGrid).get_as("/user", &token).await.json()
    };
    let (ines, tomas, misaki) = (who(INES).await, who(TOMAS).await, who(MISAKI).await);
    assert_eq!((&ines["uuid"], &ines["name"]), (&json!(INES), &json!("Ines Marchetti")));
    assert_eq!(
        (&ines["email"], &ines["scope"]),
        (&json!("ines@harbour.example"), &json!(["share", "balance"]))
    );
    assert!(ines["avatar"].is_string() && ines["plan"].is_string());
    assert_eq!((tomas.get("uuid"), &tomas["id"]), (None, &json!(TOMAS)));
    assert_eq!((misaki.get("email"), &misaki["uuid"]), (None, &json!(MISAKI)));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn sites_are_an_array() {
    let harness = harness();
    let sites = harness.at(TheGrid).get_as("/site", &access_of(&harness, INES).await).await.json();
    let sites = sites.as_array().unwrap();
    assert_eq!(sites.len(), 4);
    for site in sites {
        let mut members: Vec<_> = site.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let expected = ["config", "created_at", "domain", "id", "name", "owner", "path", "repo", "url"];
        assert_eq!(members, expected);
    }
}

#[tokio::test]
async fn items_come_in_pages_of_fewer_than_fifty() {
    let harness = harness();
    let token = access_of(&harness, INES).await;
    assert_eq!(items(&harness, &token, "").await.len(), 20);
    let mut all = Vec::new();
    loop {
        let page = items(&harness, &token, &format!("?limit=49&offset={}", all.len())).await;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    assert_eq!(all.len(), 319);
    assert_eq!(items(&harness, &token, "?offset=318").await, all[318..]);
    for (query, name) in
        [("limit=50", "limit"), ("limit=0", "limit"), ("limit=x", "limit"), ("offset=-1", "offset")]
    {
        harness.sandbox.departures().clear();
        let reply = harness.at(TheGrid).get_as(&format!("/item?{query}"), &token).await;
        reply.refused(400, "invalid_request");
        harness.departed_once(DepartureKind::WrongValue, name);
    }
}

#[tokio::test]
async fn items_are_filtered_by_site_and_published() {
    let harness = harness();
    let token = access_of(&harness, INES).await;
    let site = "b7a51f08-2c6e-4d93-9f40-e81d36c5a7b2";
    let first = items(&harness, &token, &format!("?site={site}&limit=49")).await;
    let rest = items(&harness, &token, &format!("?site={site}&limit=49&offset=49")).await;
    assert_eq!((first.len(), rest.len()), (49, 26));
    assert!(first.iter().all(|item| item["site"] == site));
    for published in [true, false] {
        let some = items(&harness, &token, &format!("?published={published}")).await;
        assert!(!some.is_empty() && some.iter().all(|item| item["published"] == published));
    }
    for (query, name) in [("site=nowhere", "site"), ("published=maybe", "published")] {
        let reply = harness.at(TheGrid).get_as(&format!("/item?{query}"), &token).await;
        reply.refused(400, "invalid_request");
        harness.departed_once(DepartureKind::WrongValue, name);
        harness.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn a_bad_token_is_a_401() {
    let harness = harness();
    let token = access_of(&harness, INES).await;
    for path in ["/user", "/site", "/item"] {
        harness.at(TheGrid).get(path).await.refused(401, "unauthorized");
        harness.at(TheGrid).get_as(path, "made-up").await.refused(401, "invalid_token");
    }
    harness.sandbox.departures().clear();
    harness.sandbox.grants(TheGrid).revoke(&token);
    harness.at(TheGrid).get_as("/user", &token).await.refused(401, "invalid_token");
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn an_undocumented_query_is_logged() {
    let harness = harness();
    let token = access_of(&harness, INES).await;
    harness.at(TheGrid).get_as("/site?limit=3", &token).await;
    harness.departed_once(DepartureKind::UnknownParameter, "limit");
    harness.sandbox.departures().clear();
    harness.at(TheGrid).get_as("/user?access_token=x", &token).await;
    harness.departed_once(DepartureKind::TokenInQuery, "access_token");
}
