//! The authorization request: validation, error pages, and redirects to the app.

use grapnel_sandbox::grigora::{AUTHORIZE_PATH, CLIENT_ID, sandbox_app};
use grapnel_sandbox::{Consent, DepartureKind, Options, RegisteredApp};

use crate::harness::{CHALLENGE, Harness, REDIRECT, Reply, checked, harness, harness_with, query};

#[track_caller]
fn shows_error_page(harness: &Harness, reply: &Reply, kind: DepartureKind, detail: &str) {
    assert_eq!(reply.status, 400);
    assert!(!reply.headers.contains_key("location"), "never a redirect");
    assert!(reply.text.contains("<h1>This request cannot be completed</h1>"));
    harness.departed_once(kind, detail);
}

#[track_caller]
fn redirects_with_error(harness: &Harness, reply: &Reply, error: &str, kind: DepartureKind, detail: &str) {
    assert_eq!(reply.status, 302, "{}", reply.text);
    assert!(reply.header("location").starts_with(REDIRECT));
    assert_eq!(reply.param("error").as_deref(), Some(error));
    assert_eq!(reply.param("state").as_deref(), Some("s1"));
    harness.departed_once(kind, detail);
}

#[tokio::test]
async fn a_documented_request_shows_the_consent_page_without_departures() {
    let harness = harness();
    let page = harness.authorize(&[]).await;
    assert_eq!(page.status, 200);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn an_unknown_client_shows_an_error_page() {
    let harness = harness();
    let page = harness.authorize(&[("client_id", "nobody")]).await;
    shows_error_page(&harness, &page, DepartureKind::WrongClient, "client_id");
}

#[tokio::test]
async fn an_unregistered_redirect_uri_shows_an_error_page() {
    for uri in [
        "https://evil.example/",
        "dev.grapnel.desktop:/oauth/callback/x",
        "http://127.0.0.1:80@evil.example/callback",
    ] {
        let harness = harness();
        let page = harness.authorize(&[("redirect_uri", uri)]).await;
        shows_error_page(&harness, &page, DepartureKind::RedirectMismatch, "redirect_uri");
    }
}

#[tokio::test]
async fn a_missing_client_or_redirect_uri_shows_an_error_page() {
    for name in ["client_id", "redirect_uri"] {
        let harness = harness();
        let page = harness.authorize(&[(name, "")]).await;
        shows_error_page(&harness, &page, DepartureKind::MissingParameter, name);
    }
}

#[tokio::test]
async fn a_repeated_client_or_redirect_uri_shows_an_error_page() {
    for (name, value) in [("client_id", CLIENT_ID), ("redirect_uri", REDIRECT)] {
        let harness = harness();
        let page = harness.authorize(&[(name, value), (name, value)]).await;
        shows_error_page(&harness, &page, DepartureKind::RepeatedParameter, name);
    }
}

#[tokio::test]
async fn each_registered_redirect_uri_is_accepted_and_loopback_with_any_port() {
    let harness = harness();
    for uri in [
        REDIRECT,
        "dev.grapnel.desktop://oauth/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:41999/callback",
    ] {
        let back = harness.agree(&[("redirect_uri", uri)]).await;
        assert!(back.header("location").starts_with(&format!("{uri}?code=")), "{}", back.header("location"));
    }
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_query_in_a_registered_redirect_uri_is_kept() {
    let uri = "https://app.example/back?tenant=7";
    let harness = harness_with(
        Options::default().with_app(RegisteredApp { redirect_uris: vec![uri.to_owned()], ..sandbox_app() }),
    );
    let back = harness.agree(&[("redirect_uri", uri)]).await;
    assert!(back.header("location").starts_with("https://app.example/back?tenant=7&code="));
}

#[tokio::test]
async fn a_wrong_response_type_redirects_with_unsupported_response_type() {
    let harness = harness();
    let back = harness.authorize(&[("response_type", "token")]).await;
    redirects_with_error(
        &harness,
        &back,
        "unsupported_response_type",
        DepartureKind::WrongValue,
        "response_type",
    );
}

#[tokio::test]
async fn a_missing_response_type_redirects_with_invalid_request() {
    let harness = harness();
    let back = harness.authorize(&[("response_type", "")]).await;
    redirects_with_error(
        &harness,
        &back,
        "invalid_request",
        DepartureKind::MissingParameter,
        "response_type",
    );
}

#[tokio::test]
async fn a_repeated_parameter_redirects_with_invalid_request() {
    let harness = harness();
    let back = harness.authorize(&[("response_type", "code"), ("response_type", "code")]).await;
    redirects_with_error(
        &harness,
        &back,
        "invalid_request",
        DepartureKind::RepeatedParameter,
        "response_type",
    );
}

#[tokio::test]
async fn a_secret_in_the_browser_redirects_with_invalid_request_and_is_not_logged() {
    let harness = harness();
    let back = harness.authorize(&[("client_secret", "tell-nobody")]).await;
    redirects_with_error(&harness, &back, "invalid_request", DepartureKind::SecretInQuery, "client_secret");
}

#[tokio::test]
async fn a_challenge_needs_the_method_s256_and_its_form() {
    for (pairs, kind, detail) in [
        (vec![("code_challenge", CHALLENGE)], DepartureKind::MissingParameter, "code_challenge_method"),
        (vec![("code_challenge_method", "S256")], DepartureKind::MissingParameter, "code_challenge"),
        (
            vec![("code_challenge", CHALLENGE), ("code_challenge_method", "plain")],
            DepartureKind::WrongValue,
            "code_challenge_method",
        ),
        (
            vec![("code_challenge", "short"), ("code_challenge_method", "S256")],
            DepartureKind::WrongValue,
            "code_challenge",
        ),
    ] {
        let harness = harness();
        let back = harness.authorize(&pairs).await;
        redirects_with_error(&harness, &back, "invalid_request", kind, detail);
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_logged_and_ignored() {
    let harness = harness();
    assert_eq!(harness.authorize(&[("scope", "cms:post:read")]).await.status, 200);
    harness.departed_once(DepartureKind::UnknownParameter, "scope");
}

#[tokio::test]
async fn projects_are_ticked_by_comma_or_repeat_and_all_when_none_is_named() {
    let harness = harness();
    for pairs in [
        vec![("project_ids", "proj_harbour,proj_sekai")],
        vec![("project_id", "proj_harbour"), ("project_id", "proj_sekai")],
        vec![("project_id", "proj_harbour"), ("project_ids", "proj_sekai")],
    ] {
        let page = harness.authorize(&pairs).await;
        assert_eq!(checked(&page.text, "project"), ["proj_harbour", "proj_sekai"]);
    }
    assert_eq!(checked(&harness.authorize(&[]).await.text, "project").len(), 6);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn an_unknown_project_is_logged() {
    let harness = harness();
    let page = harness.authorize(&[("project_id", "proj_nowhere")]).await;
    assert_eq!(checked(&page.text, "project"), [""; 0]);
    harness.departed_once(DepartureKind::WrongValue, "project_id or project_ids names no project");
}

#[tokio::test]
async fn state_is_returned_unchanged_and_only_if_sent() {
    let harness = harness();
    let state = "a b+c&d=é/%20~";
    assert_eq!(harness.agree(&[("state", state)]).await.param("state").as_deref(), Some(state));
    assert_eq!(harness.agree(&[("state", "")]).await.param("state"), None);
    let refused = harness.authorize(&[("state", ""), ("response_type", "token")]).await;
    assert_eq!(refused.param("state"), None);
}

#[tokio::test]
async fn the_consent_mode_skips_the_page() {
    let harness = harness();
    harness.sandbox.set_grigora_consent(Consent::Authorize);
    let back = harness.authorize(&[]).await;
    assert_eq!((back.status, back.param("state").as_deref()), (302, Some("s1")));
    assert_eq!(harness.exchange(&back.param("code").unwrap(), &[]).await.status, 200);
    harness.sandbox.set_grigora_consent(Consent::Cancel);
    assert_eq!(harness.authorize(&[]).await.param("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_request_without_a_query_shows_an_error_page() {
    let harness = harness();
    assert_eq!(harness.get(AUTHORIZE_PATH).await.status, 400);
    assert_eq!(harness.get(&format!("{AUTHORIZE_PATH}?{}", query(&[("state", "x")]))).await.status, 400);
}
