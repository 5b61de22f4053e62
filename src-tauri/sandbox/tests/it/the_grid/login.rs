//! The choice of an identity provider, the scopes, and the way back.

use grapnel_sandbox::ProviderId::TheGrid;
use grapnel_sandbox::the_grid::{IDENTITY_PROVIDERS, SCOPES};
use grapnel_sandbox::{Consent, Kind, Switch};

use super::{INES, REDIRECT, agree, log_in};
use crate::harness::{house, ticket};

#[tokio::test]
async fn without_an_identity_provider_there_is_a_choice_that_keeps_the_request() {
    let house = house();
    for slash in ["", "/"] {
        let page = log_in(&house, slash, &[("state", "s&1")]).await;
        assert_eq!(page.status, 200);
        for (name, title) in IDENTITY_PROVIDERS {
            assert!(page.text.contains(&format!("Log in with {title}")));
            let link = format!("href=\"/login/authorize/{name}?client_id=");
            assert!(page.text.contains(&link) && page.text.contains("state=s%261"), "{}", page.text);
        }
    }
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn with_one_the_scopes_are_put_before_the_person_in_the_pages_words() {
    let house = house();
    for (name, title) in IDENTITY_PROVIDERS {
        let page = log_in(&house, &format!("/{name}"), &[]).await;
        assert!(page.text.contains(&format!("You logged in with {title}.")));
    }
    let all = SCOPES.map(|(scope, _)| scope).join(",");
    let page = log_in(&house, "/github", &[("scope", &all)]).await;
    assert!(page.text.contains("See your account balance and transaction history"));
    for (scope, words) in SCOPES {
        assert!(page.text.contains(words) && page.text.contains(&format!("<code>{scope}</code>")));
    }
    let page = log_in(&house, "/github", &[("scope", "")]).await;
    assert!(page.text.contains("simple operations"));
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn an_unknown_identity_provider_is_refused_on_the_page() {
    let house = house();
    assert_eq!(log_in(&house, "/myspace", &[]).await.status, 400);
    house.departed_once(Kind::WrongValue, "the identity provider");
}

#[tokio::test]
async fn who_agrees_goes_back_with_a_code_and_the_state() {
    let house = house();
    let back = agree(&house, INES, &[("state", "s 1")]).await;
    assert_eq!((back.status, back.param("state").as_deref()), (302, Some("s 1")));
    assert!(back.header("location").starts_with(&format!("{REDIRECT}?code=")));
    assert_eq!(agree(&house, INES, &[]).await.param("state"), None);
}

#[tokio::test]
async fn the_state_is_forgotten_where_that_is_switched_on() {
    let house = house();
    house.sandbox.switches().set(Switch::TheGridNoState, true);
    let back = agree(&house, INES, &[("state", "s1")]).await;
    assert!(back.param("code").is_some() && back.param("state").is_none());
}

#[tokio::test]
async fn who_cancels_goes_back_with_an_error() {
    let house = house();
    let page = log_in(&house, "/google", &[("state", "s1")]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    let back = house.at(TheGrid).form("/login/answer", &fields).await;
    assert_eq!(back.header("location"), format!("{REDIRECT}?error=access_denied&state=s1"));
    house.sandbox.set_consent(TheGrid, Consent::Cancel);
    assert_eq!(log_in(&house, "", &[]).await.param("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn scopes_are_separated_by_commas_and_are_those_of_the_page() {
    let house = house();
    for (scope, detail) in [
        ("share balance", "scope: separated by spaces, not by commas"),
        ("share, balance", "scope: separated by spaces, not by commas"),
        ("share,everything", "scope: one that The Grid does not know"),
    ] {
        let page = log_in(&house, "/github", &[("scope", scope)]).await;
        assert_eq!((page.status, page.header("location")), (400, ""));
        house.departed_once(Kind::WrongValue, detail);
        house.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn a_wrong_request_stays_on_the_page() {
    let house = house();
    for (pairs, kind, detail) in [
        (&[("client_id", "")][..], Kind::MissingParameter, "client_id"),
        (&[("client_id", "someone")], Kind::WrongClient, "client_id"),
        (&[("redirect_uri", "")], Kind::MissingParameter, "redirect_uri"),
        (&[("redirect_uri", "https://evil.example/")], Kind::RedirectMismatch, "redirect_uri"),
        (&[("response_type", "token")], Kind::WrongValue, "response_type"),
        (&[("response_type", "")], Kind::MissingParameter, "response_type"),
        (&[("client_secret", "x")], Kind::SecretInQuery, "client_secret"),
        (&[("state", "a"), ("state", "b")], Kind::RepeatedParameter, "state"),
    ] {
        for path in ["", "/github"] {
            let page = log_in(&house, path, pairs).await;
            assert_eq!((page.status, page.header("location")), (400, ""), "{pairs:?}");
            house.departed_once(kind, detail);
            house.sandbox.departures().clear();
        }
    }
}

#[tokio::test]
async fn what_the_page_does_not_name_is_noted() {
    let house = house();
    assert_eq!(log_in(&house, "/github", &[("code_challenge", "x")]).await.status, 200);
    house.departed_once(Kind::UnknownParameter, "code_challenge");
    assert_eq!(house.departed()[0].0, Kind::UnknownParameter);
    assert_eq!(house.sandbox.departures().all()[0].endpoint, "GET /login/authorize/github");
    assert_eq!(house.sandbox.departures().all()[0].provider, "the-grid");
}
