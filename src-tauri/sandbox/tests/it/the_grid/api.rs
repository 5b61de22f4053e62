//! The API: user, sites and items.

use grapnel_sandbox::Kind;
use grapnel_sandbox::ProviderId::TheGrid;
use serde_json::{Value, json};

use super::{INES, MISAKI, TOMAS, access_of};
use crate::harness::{House, house};

async fn items(house: &House, token: &str, query: &str) -> Vec<Value> {
    let reply = house.at(TheGrid).get_as(&format!("/item{query}"), token).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn the_user_has_an_id_or_a_uuid_and_perhaps_an_email() {
    let house = house();
    let who = async |user| {
        let token = access_of(&house, user).await;
        house.at(TheGrid).get_as("/user", &token).await.json()
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
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn sites_are_an_array() {
    let house = house();
    let sites = house.at(TheGrid).get_as("/site", &access_of(&house, INES).await).await.json();
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
    let house = house();
    let token = access_of(&house, INES).await;
    assert_eq!(items(&house, &token, "").await.len(), 20);
    let mut all = Vec::new();
    loop {
        let page = items(&house, &token, &format!("?limit=49&offset={}", all.len())).await;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    assert_eq!(all.len(), 319);
    assert_eq!(items(&house, &token, "?offset=318").await, all[318..]);
    for (query, name) in
        [("limit=50", "limit"), ("limit=0", "limit"), ("limit=x", "limit"), ("offset=-1", "offset")]
    {
        house.sandbox.departures().clear();
        let reply = house.at(TheGrid).get_as(&format!("/item?{query}"), &token).await;
        reply.refused(400, "invalid_request");
        house.departed_once(Kind::WrongValue, name);
    }
}

#[tokio::test]
async fn items_can_be_had_by_site_and_by_whether_they_are_published() {
    let house = house();
    let token = access_of(&house, INES).await;
    let site = "b7a51f08-2c6e-4d93-9f40-e81d36c5a7b2";
    let first = items(&house, &token, &format!("?site={site}&limit=49")).await;
    let rest = items(&house, &token, &format!("?site={site}&limit=49&offset=49")).await;
    assert_eq!((first.len(), rest.len()), (49, 26));
    assert!(first.iter().all(|item| item["site"] == site));
    for published in [true, false] {
        let some = items(&house, &token, &format!("?published={published}")).await;
        assert!(!some.is_empty() && some.iter().all(|item| item["published"] == published));
    }
    for (query, name) in [("site=nowhere", "site"), ("published=maybe", "published")] {
        let reply = house.at(TheGrid).get_as(&format!("/item?{query}"), &token).await;
        reply.refused(400, "invalid_request");
        house.departed_once(Kind::WrongValue, name);
        house.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn a_bad_token_is_a_401() {
    let house = house();
    let token = access_of(&house, INES).await;
    for path in ["/user", "/site", "/item"] {
        house.at(TheGrid).get(path).await.refused(401, "unauthorized");
        house.at(TheGrid).get_as(path, "made-up").await.refused(401, "invalid_token");
    }
    house.sandbox.departures().clear();
    house.sandbox.grants(TheGrid).revoke(&token);
    house.at(TheGrid).get_as("/user", &token).await.refused(401, "invalid_token");
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_query_that_no_page_names_is_noted() {
    let house = house();
    let token = access_of(&house, INES).await;
    house.at(TheGrid).get_as("/site?limit=3", &token).await;
    house.departed_once(Kind::UnknownParameter, "limit");
    house.sandbox.departures().clear();
    house.at(TheGrid).get_as("/user?access_token=x", &token).await;
    house.departed_once(Kind::TokenInQuery, "access_token");
}
