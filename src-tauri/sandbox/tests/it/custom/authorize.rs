//! The authorization endpoint.

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::{Consent, Kind, Switch};

use super::{REDIRECT, agree, answer, authorize};
use crate::harness::{checked, house, ticket};

#[tokio::test]
async fn who_agrees_goes_back_with_code_state_and_issuer() {
    let house = house();
    let back = agree(&house, &[]).await;
    let names: Vec<_> = back.sent_back().into_iter().map(|(name, _)| name).collect();
    assert_eq!((back.status, names), (302, ["code", "state", "iss"].map(str::to_owned).to_vec()));
    assert_eq!(back.param("iss").as_deref(), Some(house.sandbox.custom()));
    assert!(back.header("location").starts_with(&format!("{REDIRECT}?code=")));
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn every_error_names_its_issuer_too() {
    let house = house();
    let page = authorize(&house, &[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    let denied = house.at(Custom).form("/authorize/answer", &fields).await;
    house.sandbox.set_consent(Custom, Consent::Cancel);
    for back in [denied, authorize(&house, &[]).await, authorize(&house, &[("scope", "")]).await] {
        assert!(back.param("error").is_some() && back.param("state").as_deref() == Some("s1"));
        assert_eq!(back.param("iss").as_deref(), Some(house.sandbox.custom()));
    }
}

#[tokio::test]
async fn the_issuer_may_be_wrong_or_missing_in_the_callback() {
    let house = house();
    house.sandbox.switches().set(Switch::CustomWrongIss, true);
    assert_eq!(agree(&house, &[]).await.param("iss").as_deref(), Some("https://someone-else.example"));
    house.sandbox.switches().set(Switch::CustomNoIss, true);
    assert_eq!(agree(&house, &[]).await.param("iss"), None);
}

#[tokio::test]
async fn single_scopes_may_be_refused_and_all_of_them_is_a_denial() {
    let house = house();
    let page = authorize(&house, &[]).await;
    assert_eq!(checked(&page.text, "scope"), ["openid", "profile", "notes:read"]);
    let back = answer(&house, &page, &["openid".to_owned(), "notes:write".to_owned()]).await;
    let reply = super::exchange(&house, &back.param("code").unwrap(), &[]).await;
    assert_eq!(reply.json()["scope"], "openid", "what was not asked for cannot be granted");
    let page = authorize(&house, &[]).await;
    assert_eq!(answer(&house, &page, &[]).await.param("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn who_asks_must_be_known_before_anything_is_sent_back() {
    let house = house();
    for (pairs, kind) in [
        (&[("client_id", "")][..], Kind::MissingParameter),
        (&[("client_id", "someone")], Kind::WrongClient),
        (&[("redirect_uri", "")], Kind::MissingParameter),
        (&[("redirect_uri", "http://127.0.0.1:3000/other")], Kind::RedirectMismatch),
    ] {
        let page = authorize(&house, pairs).await;
        assert_eq!((page.status, page.header("location")), (400, ""), "{pairs:?}");
        assert_eq!(house.departed().last().unwrap().0, kind);
    }
}

#[tokio::test]
async fn each_wrong_request_goes_back_with_its_error() {
    let house = house();
    for (pairs, error, kind, detail) in [
        (&[("response_type", "")][..], "invalid_request", Kind::MissingParameter, "response_type"),
        (&[("response_type", "token")], "unsupported_response_type", Kind::WrongValue, "response_type"),
        (&[("scope", "")], "invalid_scope", Kind::MissingParameter, "scope"),
        (&[("scope", "openid everything")], "invalid_scope", Kind::WrongValue, "scope"),
        (&[("scope", "openid,profile")], "invalid_scope", Kind::WrongValue, "scope"),
        (&[("code_challenge_method", "plain")], "invalid_request", Kind::WrongValue, "code_challenge_method"),
        (&[("code_challenge", "short")], "invalid_request", Kind::WrongValue, "code_challenge"),
        (
            &[("code_challenge", ""), ("code_challenge_method", "")],
            "invalid_request",
            Kind::MissingParameter,
            "code_challenge",
        ),
        (&[("client_secret", "x")], "invalid_request", Kind::SecretInQuery, "client_secret"),
        (&[("scope", "openid"), ("scope", "email")], "invalid_request", Kind::RepeatedParameter, "scope"),
    ] {
        let back = authorize(&house, pairs).await;
        assert_eq!((back.status, back.param("error").as_deref()), (302, Some(error)), "{pairs:?}");
        house.departed_once(kind, detail);
        house.sandbox.departures().clear();
    }
    let back = authorize(&house, &[("state", "a"), ("state", "b")]).await;
    assert_eq!((back.param("error").as_deref(), back.param("state")), (Some("invalid_request"), None));
}

#[tokio::test]
async fn what_is_not_announced_is_noted() {
    let house = house();
    assert_eq!(authorize(&house, &[("nonce", "n1")]).await.status, 200);
    assert!(house.sandbox.departures().is_empty());
    authorize(&house, &[("audience", "x")]).await;
    house.departed_once(Kind::UnknownParameter, "audience");
}
