//! The way to the sign-in page, the page, and the way back.

use grapnel_sandbox::ProviderId::Grindery;
use grapnel_sandbox::grindery::{AUTHORIZE_PATH, SIGN_IN_PATH};
use grapnel_sandbox::{Consent, Kind};

use super::{INES, REDIRECT, signed_by};
use crate::harness::{house, ticket};

#[tokio::test]
async fn the_authorization_endpoint_passes_every_parameter_on() {
    let house = house();
    let query = "response_type=code&redirect_uri=http%3A%2F%2Fa.example&state=x&anything=else";
    let reply = house.at(Grindery).get(&format!("{AUTHORIZE_PATH}?{query}")).await;
    assert_eq!((reply.status, reply.header("location")), (302, &*format!("{SIGN_IN_PATH}?{query}")));
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_signature_leads_back_with_code_and_state() {
    let house = house();
    let back = signed_by(&house, INES).await;
    let names: Vec<_> = back.sent_back().into_iter().map(|(name, _)| name).collect();
    assert_eq!((back.status, names), (302, vec!["code".to_owned(), "state".to_owned()]));
    assert!(back.header("location").starts_with(&format!("{REDIRECT}?code=")));
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_state_comes_back_as_it_was_without_encoding() {
    let house = house();
    let (grindery, state) = (house.at(Grindery), "a/b=c&d");
    let page = grindery
        .ask(SIGN_IN_PATH, &[("response_type", "code"), ("redirect_uri", REDIRECT), ("state", state)])
        .await;
    house.departed_once(Kind::WrongValue, "state comes back without encoding, and will not survive that");
    let fields = [("ticket", &*ticket(&page.text)), ("wallet", INES), ("decision", "sign")];
    let back = grindery.form("/sign-in/signed", &fields).await;
    assert!(back.header("location").ends_with("&state=a/b=c&d"), "{}", back.header("location"));
}

#[tokio::test]
async fn a_state_that_fits_no_header_leads_nowhere() {
    let house = house();
    house.sandbox.set_consent(Grindery, Consent::Authorize);
    let request = [("response_type", "code"), ("redirect_uri", REDIRECT), ("state", "a\r\nSet-Cookie: b")];
    let reply = house.at(Grindery).ask(AUTHORIZE_PATH, &request).await;
    assert_eq!((reply.status, reply.header("location"), reply.header("set-cookie")), (400, "", ""));
}

#[tokio::test]
async fn a_cancel_shows_an_error_and_never_leads_back() {
    let house = house();
    let grindery = house.at(Grindery);
    let request = [("response_type", "code"), ("redirect_uri", REDIRECT), ("state", "s1")];
    let page = grindery.ask(SIGN_IN_PATH, &request).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    let end = grindery.form("/sign-in/signed", &fields).await;
    assert_eq!((end.status, end.header("location")), (200, ""));
    assert!(end.text.contains("You cancelled") && !end.text.contains(REDIRECT));
    house.sandbox.set_consent(Grindery, Consent::Cancel);
    let end = grindery.ask(AUTHORIZE_PATH, &request).await;
    assert_eq!((end.status, end.header("location")), (200, ""));
}

#[tokio::test]
async fn whatever_names_a_client_departs_from_the_page() {
    let house = house();
    for name in ["client_id", "client_secret", "scope", "code_challenge", "code_challenge_method", "nonce"] {
        let request = [("response_type", "code"), ("redirect_uri", REDIRECT), (name, "x")];
        assert_eq!(house.at(Grindery).ask(SIGN_IN_PATH, &request).await.status, 200);
        house.departed_once(Kind::UnknownParameter, name);
        house.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn what_is_missing_or_wrong_stays_on_the_page() {
    let house = house();
    for (pairs, kind, detail) in [
        (&[("redirect_uri", REDIRECT)][..], Kind::MissingParameter, "response_type"),
        (&[("response_type", "token"), ("redirect_uri", REDIRECT)], Kind::WrongValue, "response_type"),
        (&[("response_type", "code")], Kind::MissingParameter, "redirect_uri"),
        (&[("response_type", "code"), ("redirect_uri", "/callback")], Kind::WrongValue, "redirect_uri"),
        (&[("response_type", "code"), ("redirect_uri", "javascript:1")], Kind::WrongValue, "redirect_uri"),
        (
            &[("response_type", "code"), ("redirect_uri", REDIRECT), ("state", "a"), ("state", "b")],
            Kind::RepeatedParameter,
            "state",
        ),
    ] {
        let reply = house.at(Grindery).ask(SIGN_IN_PATH, pairs).await;
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{pairs:?}");
        house.departed_once(kind, detail);
        house.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn an_answer_counts_once_and_only_from_our_own_page() {
    let house = house();
    let grindery = house.at(Grindery);
    let page = grindery.ask(SIGN_IN_PATH, &[("response_type", "code"), ("redirect_uri", REDIRECT)]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("wallet", INES), ("decision", "sign")];
    let foreign = grindery.request(reqwest::Method::POST, "/sign-in/signed");
    let foreign = crate::place::send(foreign.header("origin", "https://evil.example").form(&fields)).await;
    assert_eq!(foreign.status, 400);
    let first = grindery.form("/sign-in/signed", &fields).await;
    assert_eq!(first.status, 302);
    assert!(!first.header("location").contains("state"), "none was sent");
    assert_eq!(grindery.form("/sign-in/signed", &fields).await.status, 400);
    let page = grindery.ask(SIGN_IN_PATH, &[("response_type", "code"), ("redirect_uri", REDIRECT)]).await;
    let made_up = [("ticket", &*ticket(&page.text)), ("wallet", "0x0"), ("decision", "sign")];
    assert_eq!(grindery.form("/sign-in/signed", &made_up).await.status, 400);
}
