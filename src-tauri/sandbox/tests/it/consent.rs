//! The consent page: what it says, that it cannot be forged or framed, and what each answer does.

use std::time::Duration;

use grapnel_sandbox::grigora::{CLIENT_ID, sandbox_app};
use grapnel_sandbox::{App, Kind, Options};
use serde_json::json;

use crate::harness::{Reply, checked, house, house_with, project_ids, ticket};

const INES: &str = "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70";
const MISAKI: &str = "d2479ec0-3a18-4f95-b6e1-7c05f8d9a216";

#[tokio::test]
async fn the_page_names_the_app_its_scopes_the_people_and_the_projects() {
    let page = house().authorize(&[]).await.text;
    for part in [
        "Sandbox App",
        "A made-up app",
        "Read the posts of your sites",
        "cms:post:read",
        "directory:items:read",
        "ines@harbour.example",
        "Northwind Bakery",
        "no domain yet",
        "Authorize",
        "Cancel",
        "Grigora sandbox",
        "dev.grapnel.desktop:/oauth/callback",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(checked(&page, "user"), [INES]);
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn what_an_app_says_of_itself_cannot_become_markup() {
    let app = App {
        name: "<b>Bold</b>".to_owned(),
        description: "\"><script>alert(1)</script>".to_owned(),
        ..sandbox_app()
    };
    let page = house_with(Options::default().with_app(app)).authorize(&[]).await.text;
    assert!(page.contains("&lt;b&gt;Bold&lt;/b&gt;"));
    assert!(!page.contains("<b>Bold") && !page.contains("<script"));
}

#[tokio::test]
async fn the_page_cannot_be_framed_kept_or_scripted_and_its_form_may_lead_anywhere() {
    let page = house().authorize(&[]).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
    assert!(!policy.contains("form-action"), "Chromium would block the redirect to a private-use scheme");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_style_sheet_that_the_page_names_is_there() {
    let house = house();
    assert!(house.authorize(&[]).await.text.contains("href=\"/_sandbox/page.css\""));
    let style = house.get("/_sandbox/page.css").await;
    assert_eq!(style.status, 200);
    assert!(style.header("content-type").starts_with("text/css"));
}

#[tokio::test]
async fn cancel_goes_back_as_access_denied_with_the_state_and_nothing_else() {
    let house = house();
    let page = house.authorize(&[]).await;
    let back = house.answer(&[("ticket", &ticket(&page.text)), ("decision", "cancel")]).await;
    assert_eq!(back.status, 302);
    let pairs = [("error", "access_denied"), ("state", "s1")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(back.sent_back(), pairs);
    assert!(house.sandbox.departures().is_empty());
    assert_eq!(house.sandbox.grigora_grants().issued().codes, 0);
}

#[tokio::test]
async fn authorize_grants_the_chosen_projects_for_the_chosen_person() {
    let house = house();
    let page = house.authorize(&[]).await;
    let fields = [
        ("ticket", &*ticket(&page.text)),
        ("user", MISAKI),
        ("project", "proj_sekai"),
        ("project", "proj_northwind"),
        ("decision", "authorize"),
    ];
    let code = house.answer(&fields).await.param("code").unwrap();
    let granted = house.exchange(&code, &[]).await.json();
    assert_eq!(granted["project_ids"], json!(["proj_sekai", "proj_northwind"]));
    let access = granted["access_token"].as_str().unwrap();
    assert_eq!(house.api_get("/token/authorized_by", access).await.json()["email"], "misaki@sekai.example");
    let listed = house.api_get("/project/list", access).await;
    assert_eq!(project_ids(&listed), json!(["proj_northwind", "proj_sekai"]));
}

#[tokio::test]
async fn no_project_at_all_may_be_chosen() {
    let house = house();
    let page = house.authorize(&[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("user", INES), ("decision", "authorize")];
    let code = house.answer(&fields).await.param("code").unwrap();
    assert_eq!(house.exchange(&code, &[]).await.json()["project_ids"], json!([]));
}

#[track_caller]
fn does_not_count(reply: &Reply) {
    assert_eq!(reply.status, 400);
    assert!(!reply.headers.contains_key("location"));
}

#[tokio::test]
async fn a_ticket_is_good_for_one_answer() {
    let house = house();
    let page = house.authorize(&[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    assert_eq!(house.answer(&fields).await.status, 302);
    does_not_count(&house.answer(&fields).await);
    house.departed_once(Kind::UsedTicket, "ticket");
}

#[tokio::test]
async fn an_answer_without_a_ticket_or_with_another_does_not_count() {
    let house = house();
    does_not_count(&house.answer(&[("client_id", CLIENT_ID), ("decision", "authorize")]).await);
    does_not_count(&house.answer(&[("ticket", "made-up"), ("decision", "authorize")]).await);
}

#[tokio::test]
async fn a_page_left_open_for_an_hour_does_not_count() {
    let house = house();
    let page = house.authorize(&[]).await;
    house.sandbox.clock().advance(Duration::from_secs(3600));
    does_not_count(&house.answer(&[("ticket", &ticket(&page.text)), ("decision", "cancel")]).await);
}

#[tokio::test]
async fn an_answer_from_another_site_does_not_count_and_leaves_the_ticket_good() {
    let house = house();
    let page = house.authorize(&[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let request = house.http.post(house.url("/oauth/consent")).header(name, value).form(&fields);
        does_not_count(&Reply::of(request.send().await.unwrap()).await);
    }
    let own =
        house.http.post(house.url("/oauth/consent")).header("origin", house.sandbox.grigora()).form(&fields);
    assert_eq!(own.send().await.unwrap().status(), 302);
}

#[tokio::test]
async fn an_answer_with_a_made_up_person_or_project_does_not_count() {
    for (user, project) in [("nobody", "proj_harbour"), (INES, "proj_nowhere")] {
        let house = house();
        let page = house.authorize(&[]).await;
        let ticket = ticket(&page.text);
        let fields = [("ticket", &*ticket), ("user", user), ("project", project), ("decision", "authorize")];
        does_not_count(&house.answer(&fields).await);
        assert_eq!(house.sandbox.grigora_grants().issued().codes, 0);
    }
}
