//! The choice of an identity provider, the scopes, and the callback.

use grapnel_sandbox::ProviderId::TheGrid;
use grapnel_sandbox::the_grid::{IDENTITY_PROVIDERS, SCOPES};
use grapnel_sandbox::{Consent, DepartureKind, Switch};

use super::{INES, REDIRECT, agree, log_in};
use crate::harness::{harness, ticket};

#[tokio::test]
async fn without_an_identity_provider_a_page_offers_them_and_keeps_the_request() {
    let harness = harness();
    for slash in ["", "/"] {
        let page = log_in(&harness, slash, &[("state", "s&1")]).await;
        assert_eq!(page.status, 200);
        for (name, title) in IDENTITY_PROVIDERS {
            assert!(page.text.contains(&format!("Log in with {title}")));
            let link = format!("href=\"/login/authorize/{name}?client_id=");
            assert!(page.text.contains(&link) && page.text.contains("state=s%261"), "{}", page.text);
        }
    }
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_consent_page_describes_the_scopes_as_documented() {
    let harness = harness();
    for (name, title) in IDENTITY_PROVIDERS {
        let page = log_in(&harness, &format!("/{name}"), &[]).await;
        assert!(page.text.contains(&format!("You logged in with {title}.")));
    }
    let all = SCOPES.map(|(scope, _)| scope).join(",");
    let page = log_in(&harness, "/github", &[("scope", &all)]).await;
    assert!(page.text.contains("See your account balance and transaction history"));
    for (scope, words) in SCOPES {
        assert!(page.text.contains(words) && page.text.contains(&format!("<code>{scope}</code>")));
    }
    let page = log_in(&harness, "/github", &[("scope", "")]).await;
    assert!(page.text.contains("simple operations"));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn an_unknown_identity_provider_shows_an_error_page() {
    let harness = harness();
    assert_eq!(log_in(&harness, "/myspace", &[]).await.status, 400);
    harness.departed_once(DepartureKind::WrongValue, "the identity provider");
}

#[tokio::test]
async fn authorize_redirects_with_code_and_state() {
    let harness = harness();
    let back = agree(&harness, INES, &[("state", "s 1")]).await;
    assert_eq!((back.status, back.param("state").as_deref()), (302, Some("s 1")));
    assert!(back.header("location").starts_with(&format!("{REDIRECT}?code=")));
    assert_eq!(agree(&harness, INES, &[]).await.param("state"), None);
}

#[tokio::test]
async fn a_switch_drops_the_state() {
    let harness = harness();
    harness.sandbox.switches().set(Switch::TheGridNoState, true);
    let back = agree(&harness, INES, &[("state", "s1")]).await;
    assert!(back.param("code").is_some() && back.param("state").is_none());
}

#[tokio::test]
async fn cancel_redirects_with_access_denied() {
    let harness = harness();
    let page = log_in(&harness, "/google", &[("state", "s1")]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    let back = harness.at(TheGrid).form("/login/answer", &fields).await;
    assert_eq!(back.header("location"), format!("{REDIRECT}?error=access_denied&state=s1"));
    harness.sandbox.set_consent(TheGrid, Consent::Cancel);
    assert_eq!(log_in(&harness, "", &[]).await.param("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn scopes_are_comma_separated_and_documented() {
    let harness = harness();
    for (scope, detail) in [
        ("share balance", "scope: separated by spaces, not by commas"),
        ("share, balance", "scope: separated by spaces, not by commas"),
        ("share,everything", "scope: one that The Grid does not know"),
    ] {
        let page = log_in(&harness, "/github", &[("scope", scope)]).await;
        assert_eq!((page.status, page.header("location")), (400, ""));
        harness.departed_once(DepartureKind::WrongValue, detail);
        harness.sandbox.departures().clear();
    }
}

#[tokio::test]
async fn an_invalid_request_shows_an_error_page() {
    let harness = harness();
    for (pairs, kind, detail) in [
        (&[("client_id", "")][..], DepartureKind::MissingParameter, "client_id"),
        (&[("client_id", "someone")], DepartureKind::WrongClient, "client_id"),
        (&[("redirect_uri", "")], DepartureKind::MissingParameter, "redirect_uri"),
        (&[("redirect_uri", "https://evil.example/")], DepartureKind::RedirectMismatch, "redirect_uri"),
        (&[("response_type", "token")], DepartureKind::WrongValue, "response_type"),
        (&[("response_type", "")], DepartureKind::MissingParameter, "response_type"),
        (&[("client_secret", "x")], DepartureKind::SecretInQuery, "client_secret"),
        (&[("state", "a"), ("state", "b")], DepartureKind::RepeatedParameter, "state"),
    ] {
        for path in ["", "/github"] {
            let page = log_in(&harness, path, pairs).await;
            assert_eq!((page.status, page.header("location")), (400, ""), "{pairs:?}");
            harness.departed_once(kind, detail);
            harness.sandbox.departures().clear();
        }
    }
}

#[tokio::test]
async fn undocumented_parameters_are_logged() {
    let harness = harness();
    assert_eq!(log_in(&harness, "/github", &[("code_challenge", "x")]).await.status, 200);
    harness.departed_once(DepartureKind::UnknownParameter, "code_challenge");
    assert_eq!(harness.departed()[0].0, DepartureKind::UnknownParameter);
    assert_eq!(harness.sandbox.departures().all()[0].endpoint, "GET /login/authorize/github");
    assert_eq!(harness.sandbox.departures().all()[0].provider, "the-grid");
}
