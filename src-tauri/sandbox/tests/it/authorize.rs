//! The authorization request: what reaches the consent page, what the person is told, what goes back to the app.

use grapnel_sandbox::grigora::{AUTHORIZE_PATH, CLIENT_ID, sandbox_app};
use grapnel_sandbox::{App, Consent, Kind, Options};

use crate::harness::{CHALLENGE, House, REDIRECT, Reply, checked, house, house_with, query};

#[track_caller]
fn told_on_a_page(house: &House, reply: &Reply, kind: Kind, detail: &str) {
    assert_eq!(reply.status, 400);
    assert!(!reply.headers.contains_key("location"), "never a redirect");
    assert!(reply.text.contains("<h1>This request cannot go on</h1>"));
    house.departed_once(kind, detail);
}

#[track_caller]
fn sent_back(house: &House, reply: &Reply, error: &str, kind: Kind, detail: &str) {
    assert_eq!(reply.status, 302, "{}", reply.text);
    assert!(reply.header("location").starts_with(REDIRECT));
    assert_eq!(reply.param("error").as_deref(), Some(error));
    assert_eq!(reply.param("state").as_deref(), Some("s1"));
    house.departed_once(kind, detail);
}

#[tokio::test]
async fn a_request_as_documented_shows_the_consent_page_and_departs_from_nothing() {
    let house = house();
    let page = house.authorize(&[]).await;
    assert_eq!(page.status, 200);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn an_unknown_client_is_told_on_a_page() {
    let house = house();
    let page = house.authorize(&[("client_id", "nobody")]).await;
    told_on_a_page(&house, &page, Kind::WrongClient, "client_id");
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_is_told_on_a_page() {
    for uri in [
        "https://evil.example/",
        "dev.grapnel.desktop:/oauth/callback/x",
        "http://127.0.0.1:80@evil.example/callback",
    ] {
        let house = house();
        let page = house.authorize(&[("redirect_uri", uri)]).await;
        told_on_a_page(&house, &page, Kind::RedirectMismatch, "redirect_uri");
    }
}

#[tokio::test]
async fn a_missing_client_or_redirect_uri_is_told_on_a_page() {
    for name in ["client_id", "redirect_uri"] {
        let house = house();
        let page = house.authorize(&[(name, "")]).await;
        told_on_a_page(&house, &page, Kind::MissingParameter, name);
    }
}

#[tokio::test]
async fn a_repeated_client_or_redirect_uri_is_told_on_a_page() {
    for (name, value) in [("client_id", CLIENT_ID), ("redirect_uri", REDIRECT)] {
        let house = house();
        let page = house.authorize(&[(name, value), (name, value)]).await;
        told_on_a_page(&house, &page, Kind::RepeatedParameter, name);
    }
}

#[tokio::test]
async fn each_registered_redirect_uri_is_taken_and_loopback_with_any_port() {
    let house = house();
    for uri in [
        REDIRECT,
        "dev.grapnel.desktop://oauth/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:41999/callback",
    ] {
        let back = house.agree(&[("redirect_uri", uri)]).await;
        assert!(back.header("location").starts_with(&format!("{uri}?code=")), "{}", back.header("location"));
    }
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_query_in_a_registered_redirect_uri_is_kept() {
    let uri = "https://app.example/back?tenant=7";
    let house =
        house_with(Options::default().with_app(App { redirect_uris: vec![uri.to_owned()], ..sandbox_app() }));
    let back = house.agree(&[("redirect_uri", uri)]).await;
    assert!(back.header("location").starts_with("https://app.example/back?tenant=7&code="));
}

#[tokio::test]
async fn a_wrong_response_type_goes_back_as_unsupported() {
    let house = house();
    let back = house.authorize(&[("response_type", "token")]).await;
    sent_back(&house, &back, "unsupported_response_type", Kind::WrongValue, "response_type");
}

#[tokio::test]
async fn a_missing_response_type_goes_back_as_invalid() {
    let house = house();
    let back = house.authorize(&[("response_type", "")]).await;
    sent_back(&house, &back, "invalid_request", Kind::MissingParameter, "response_type");
}

#[tokio::test]
async fn a_repeated_parameter_goes_back_as_invalid() {
    let house = house();
    let back = house.authorize(&[("response_type", "code"), ("response_type", "code")]).await;
    sent_back(&house, &back, "invalid_request", Kind::RepeatedParameter, "response_type");
}

#[tokio::test]
async fn a_secret_in_the_browser_goes_back_as_invalid_and_is_not_logged() {
    let house = house();
    let back = house.authorize(&[("client_secret", "tell-nobody")]).await;
    sent_back(&house, &back, "invalid_request", Kind::SecretInQuery, "client_secret");
}

#[tokio::test]
async fn a_challenge_needs_the_method_s256_and_its_form() {
    for (pairs, kind, detail) in [
        (vec![("code_challenge", CHALLENGE)], Kind::MissingParameter, "code_challenge_method"),
        (vec![("code_challenge_method", "S256")], Kind::MissingParameter, "code_challenge"),
        (
            vec![("code_challenge", CHALLENGE), ("code_challenge_method", "plain")],
            Kind::WrongValue,
            "code_challenge_method",
        ),
        (
            vec![("code_challenge", "short"), ("code_challenge_method", "S256")],
            Kind::WrongValue,
            "code_challenge",
        ),
    ] {
        let house = house();
        let back = house.authorize(&pairs).await;
        sent_back(&house, &back, "invalid_request", kind, detail);
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_noted_and_ignored() {
    let house = house();
    assert_eq!(house.authorize(&[("scope", "cms:post:read")]).await.status, 200);
    house.departed_once(Kind::UnknownParameter, "scope");
}

#[tokio::test]
async fn projects_are_ticked_by_comma_or_repeat_and_all_when_none_is_named() {
    let house = house();
    for pairs in [
        vec![("project_ids", "proj_harbour,proj_sekai")],
        vec![("project_id", "proj_harbour"), ("project_id", "proj_sekai")],
        vec![("project_id", "proj_harbour"), ("project_ids", "proj_sekai")],
    ] {
        let page = house.authorize(&pairs).await;
        assert_eq!(checked(&page.text, "project"), ["proj_harbour", "proj_sekai"]);
    }
    assert_eq!(checked(&house.authorize(&[]).await.text, "project").len(), 6);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_project_that_does_not_exist_is_noted() {
    let house = house();
    let page = house.authorize(&[("project_id", "proj_nowhere")]).await;
    assert_eq!(checked(&page.text, "project"), [""; 0]);
    house.departed_once(Kind::WrongValue, "project_id or project_ids names no project");
}

#[tokio::test]
async fn state_comes_back_as_it_was_sent_and_only_if_it_was_sent() {
    let house = house();
    let state = "a b+c&d=é/%20~";
    assert_eq!(house.agree(&[("state", state)]).await.param("state").as_deref(), Some(state));
    assert_eq!(house.agree(&[("state", "")]).await.param("state"), None);
    let refused = house.authorize(&[("state", ""), ("response_type", "token")]).await;
    assert_eq!(refused.param("state"), None);
}

#[tokio::test]
async fn the_consent_switch_answers_without_a_page() {
    let house = house();
    house.sandbox.set_grigora_consent(Consent::Authorize);
    let back = house.authorize(&[]).await;
    assert_eq!((back.status, back.param("state").as_deref()), (302, Some("s1")));
    assert_eq!(house.exchange(&back.param("code").unwrap(), &[]).await.status, 200);
    house.sandbox.set_grigora_consent(Consent::Cancel);
    assert_eq!(house.authorize(&[]).await.param("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_client_without_a_query_gets_a_page_too() {
    let house = house();
    assert_eq!(house.get(AUTHORIZE_PATH).await.status, 400);
    assert_eq!(house.get(&format!("{AUTHORIZE_PATH}?{}", query(&[("state", "x")]))).await.status, 400);
}
