//! The redirect to the sign-in page, the page, and the callback.

use grapnel_sandbox::ProviderId::Grindery;
use grapnel_sandbox::grindery::{AUTHORIZE_PATH, SIGN_IN_PATH};
use grapnel_sandbox::{Consent, DepartureKind};

use super::{INES, REDIRECT, signed_by};
use crate::harness::{harness, ticket};

#[tokio::test]
async fn the_authorization_endpoint_forwards_every_parameter() {
    let harness = harness();
    let query = "response_type=code&redirect_uri=http%3A%2F%2Fa.example&state=x&anything=else";
    let reply = harness.at(Grindery).get(&format!("{AUTHORIZE_PATH}?{query}")).await;
    assert_eq!((reply.status, reply.header("location")), (302, &*format!("{SIGN_IN_PATH}?{query}")));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn signing_redirects_with_code_and_state() {
    let harness = harness();
    let back = signed_by(&harness, INES).await;
    let names: Vec<_> = back.sent_back().into_iter().map(|(name, _)| name).collect();
    assert_eq!((back.status, names), (302, vec!["code".to_owned(), "state".to_owned()]));
    assert!(back.header("location").starts_with(&format!("{REDIRECT}?code=")));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_state_is_returned_without_encoding() {
    let harness = harness();
    let (grindery, state) = (harness.at(Grindery), "a/b=c&d");
    let page = grindery
        .ask(SIGN_IN_PATH, &[("response_type", "code"), ("redirect_uri", REDIRECT), ("state", state)])
        .await;
    harness.departed_once(
        DepartureKind::WrongValue,
        "state comes back without encoding, and will not survive that",
    );
    let fields = [("ticket", &*ticket(&page.text)), ("wallet", INES), ("decision", "sign")];
    let back = grindery.form("/sign-in/signed", &fields).await;
    assert!(back.header("location").ends_with("&state=a/b=c&d"), "{}", back.header("location"));
}

#[tokio::test]
async fn a_state_that_fits_no_header_does_not_redirect() {
    let harness = harness();
    harness.sandbox.set_consent(Grindery, Consent::Authorize);
    let request = [("response_type", "code"), ("redirect_uri", REDIRECT), ("state", "a\r\nSet-Cookie: b")];
    let reply = harness.at(Grindery).ask(AUTHORIZE_PATH, &request).await;
    assert_eq!((reply.status, reply.header("location"), reply.header("set-cookie")), (400, "", ""));
}

#[tokio::test]
async fn a_cancel_shows_a_page_and_does_not_redirect() {
    let harness = harness();
    let grindery = harness.at(Grindery);
    let request = [("response_type", "code"), ("redirect_uri", REDIRECT), ("state", "s1")];
    let page = grindery.ask(SIGN_IN_PATH, &request).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    let end = grindery.form("/sign-in/signed", &fields).await;
    assert_eq!((end.status, end.header("location")), (200, ""));
    assert!(end.text.contains("You cancelled") && !end.text.contains(REDIRECT));
    harness.sandbox.set_consent(Grindery, Consent::Cancel);
    let end = grindery.ask(AUTHORIZE_PATH, &request).await;
    assert_eq!((end.status, end.header("location")), (200, ""));
}

#[tokio::test]
async fn client_parameters_are_logged() {
    let harness = harness();
    for name in ["client_id", "client_secret", "scope", "code_challenge", "code_challenge_method", "nonce"] {
        let request = [("response_type", "code"), ("redirect_uri", REDIRECT), (name, "x")];
        assert_eq!(harness.at(Grindery).ask(SIGN_IN_PATH, &request).await.status, 200);
        harness.departed_once(DepartureKind::UnknownParameter, name);
        harness.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn an_invalid_request_shows_an_error_page() {
    let harness = harness();
    for (pairs, kind, detail) in [
        (&[("redirect_uri", REDIRECT)][..], DepartureKind::MissingParameter, "response_type"),
        (
            &[("response_type", "token"), ("redirect_uri", REDIRECT)],
            DepartureKind::WrongValue,
            "response_type",
        ),
        (&[("response_type", "code")], DepartureKind::MissingParameter, "redirect_uri"),
        (
            &[("response_type", "code"), ("redirect_uri", "/callback")],
            DepartureKind::WrongValue,
            "redirect_uri",
        ),
        (
            &[("response_type", "code"), ("redirect_uri", "javascript:1")],
            DepartureKind::WrongValue,
            "redirect_uri",
        ),
        (
            &[("response_type", "code"), ("redirect_uri", REDIRECT), ("state", "a"), ("state", "b")],
            DepartureKind::RepeatedParameter,
            "state",
        ),
    ] {
        let reply = harness.at(Grindery).ask(SIGN_IN_PATH, pairs).await;
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{pairs:?}");
        harness.departed_once(kind, detail);
        harness.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn a_form_is_accepted_once_and_only_from_the_same_origin() {
    let harness = harness();
    let grindery = harness.at(Grindery);
    let page = grindery.ask(SIGN_IN_PATH, &[("response_type", "code"), ("redirect_uri", REDIRECT)]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("wallet", INES), ("decision", "sign")];
    let foreign = grindery.request(reqwest::Method::POST, "/sign-in/signed");
    let foreign =
        crate::provider_client::send(foreign.header("origin", "https://evil.example").form(&fields)).await;
    assert_eq!(foreign.status, 400);
    let first = grindery.form("/sign-in/signed", &fields).await;
    assert_eq!(first.status, 302);
    assert!(!first.header("location").contains("state"), "none was sent");
    assert_eq!(grindery.form("/sign-in/signed", &fields).await.status, 400);
    let page = grindery.ask(SIGN_IN_PATH, &[("response_type", "code"), ("redirect_uri", REDIRECT)]).await;
    let made_up = [("ticket", &*ticket(&page.text)), ("wallet", "0x0"), ("decision", "sign")];
    assert_eq!(grindery.form("/sign-in/signed", &made_up).await.status, 400);
}
