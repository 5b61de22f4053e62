//! The consent page: its content, its protection against forgery and framing, and the result of each decision.

use std::time::Duration;

use grapnel_sandbox::grigora::{CLIENT_ID, sandbox_app};
use grapnel_sandbox::{DepartureKind, Options, RegisteredApp};
use serde_json::json;

use crate::harness::{Reply, checked, harness, harness_with, project_ids, ticket};

const INES: &str = "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70";
const MISAKI: &str = "d2479ec0-3a18-4f95-b6e1-7c05f8d9a216";

#[tokio::test]
async fn the_page_names_the_app_its_scopes_the_people_and_the_projects() {
    let page = harness().authorize(&[]).await.text;
    for part in [
        "Connect <bdi>Grapnel</bdi> to Grigora",
        "returns to <bdi>Grapnel</bdi>",
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
async fn app_metadata_is_escaped_on_the_page() {
    let app = RegisteredApp {
        name: "<b>Bold</b>".to_owned(),
        description: "\"><script>alert(1)</script>".to_owned(),
        ..sandbox_app()
    };
    let page = harness_with(Options::default().with_app(app)).authorize(&[]).await.text;
    assert!(page.contains("&lt;b&gt;Bold&lt;/b&gt;"));
    assert!(!page.contains("<b>Bold") && !page.contains("<script"));
}

#[tokio::test]
async fn the_page_forbids_framing_caching_and_scripts_but_not_form_redirects() {
    let page = harness().authorize(&[]).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
    assert!(!policy.contains("form-action"), "Chromium would block the redirect to a private-use scheme");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_linked_style_sheet_is_served() {
    let harness = harness();
    assert!(harness.authorize(&[]).await.text.contains("href=\"/_sandbox/page.css\""));
    let style = harness.get("/_sandbox/page.css").await;
    assert_eq!(style.status, 200);
    assert!(style.header("content-type").starts_with("text/css"));
}

#[tokio::test]
async fn cancel_redirects_with_access_denied_and_state_only() {
    let harness = harness();
    let page = harness.authorize(&[]).await;
    let back = harness.answer(&[("ticket", &ticket(&page.text)), ("decision", "cancel")]).await;
    assert_eq!(back.status, 302);
    let pairs = [("error", "access_denied"), ("state", "s1")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(back.sent_back(), pairs);
    assert!(harness.sandbox.departures().is_empty());
    assert_eq!(harness.sandbox.grigora_grants().issued().codes, 0);
}

#[tokio::test]
async fn authorize_grants_the_chosen_projects_for_the_chosen_person() {
    let harness = harness();
    let page = harness.authorize(&[]).await;
    let fields = [
        ("ticket", &*ticket(&page.text)),
        ("user", MISAKI),
        ("project", "proj_sekai"),
        ("project", "proj_northwind"),
        ("decision", "authorize"),
    ];
    let code = harness.answer(&fields).await.param("code").unwrap();
    let granted = harness.exchange(&code, &[]).await.json();
    assert_eq!(granted["project_ids"], json!(["proj_sekai", "proj_northwind"]));
    let access = granted["access_token"].as_str().unwrap();
    assert_eq!(harness.api_get("/token/authorized_by", access).await.json()["email"], "misaki@sekai.example");
    let listed = harness.api_get("/project/list", access).await;
    assert_eq!(project_ids(&listed), json!(["proj_northwind", "proj_sekai"]));
}

#[tokio::test]
async fn a_consent_without_projects_is_accepted() {
    let harness = harness();
    let page = harness.authorize(&[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("user", INES), ("decision", "authorize")];
    let code = harness.answer(&fields).await.param("code").unwrap();
    assert_eq!(harness.exchange(&code, &[]).await.json()["project_ids"], json!([]));
}

#[track_caller]
fn is_rejected(reply: &Reply) {
    assert_eq!(reply.status, 400);
    assert!(!reply.headers.contains_key("location"));
}

#[tokio::test]
async fn a_ticket_is_accepted_once() {
    let harness = harness();
    let page = harness.authorize(&[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    assert_eq!(harness.answer(&fields).await.status, 302);
    is_rejected(&harness.answer(&fields).await);
    harness.departed_once(DepartureKind::UsedTicket, "ticket");
}

#[tokio::test]
async fn a_form_without_a_valid_ticket_is_rejected() {
    let harness = harness();
    is_rejected(&harness.answer(&[("client_id", CLIENT_ID), ("decision", "authorize")]).await);
    is_rejected(&harness.answer(&[("ticket", "made-up"), ("decision", "authorize")]).await);
}

#[tokio::test]
async fn an_expired_ticket_is_rejected() {
    let harness = harness();
    let page = harness.authorize(&[]).await;
    harness.sandbox.clock().advance(Duration::from_secs(3600));
    is_rejected(&harness.answer(&[("ticket", &ticket(&page.text)), ("decision", "cancel")]).await);
}

#[tokio::test]
async fn a_cross_origin_form_is_rejected_and_keeps_the_ticket_valid() {
    let harness = harness();
    let page = harness.authorize(&[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let request = harness.http.post(harness.url("/oauth/consent")).header(name, value).form(&fields);
        is_rejected(&Reply::of(request.send().await.unwrap()).await);
    }
    let own = harness
        .http
        .post(harness.url("/oauth/consent"))
        .header("origin", harness.sandbox.grigora())
        .form(&fields);
    assert_eq!(own.send().await.unwrap().status(), 302);
}

#[tokio::test]
async fn a_form_with_an_unknown_account_or_project_is_rejected() {
    for (user, project) in [("nobody", "proj_harbour"), (INES, "proj_nowhere")] {
        let harness = harness();
        let page = harness.authorize(&[]).await;
        let ticket = ticket(&page.text);
        let fields = [("ticket", &*ticket), ("user", user), ("project", project), ("decision", "authorize")];
        is_rejected(&harness.answer(&fields).await);
        assert_eq!(harness.sandbox.grigora_grants().issued().codes, 0);
    }
}
