//! The authorization endpoint.

use grapnel_sandbox::ProviderId::Custom;
use grapnel_sandbox::{Consent, DepartureKind, Switch};

use super::{REDIRECT, agree, answer, authorize};
use crate::harness::{checked, harness, ticket};

#[tokio::test]
async fn authorize_redirects_with_code_state_and_issuer() {
    let harness = harness();
    let back = agree(&harness, &[]).await;
    let names: Vec<_> = back.sent_back().into_iter().map(|(name, _)| name).collect();
    assert_eq!((back.status, names), (302, ["code", "state", "iss"].map(str::to_owned).to_vec()));
    assert_eq!(back.param("iss").as_deref(), Some(harness.sandbox.custom()));
    assert!(back.header("location").starts_with(&format!("{REDIRECT}?code=")));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn every_error_redirect_names_the_issuer() {
    let harness = harness();
    let page = authorize(&harness, &[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    let denied = harness.at(Custom).form("/authorize/answer", &fields).await;
    harness.sandbox.set_consent(Custom, Consent::Cancel);
    for back in [denied, authorize(&harness, &[]).await, authorize(&harness, &[("scope", "")]).await] {
        assert!(back.param("error").is_some() && back.param("state").as_deref() == Some("s1"));
        assert_eq!(back.param("iss").as_deref(), Some(harness.sandbox.custom()));
    }
}

#[tokio::test]
async fn the_issuer_may_be_wrong_or_missing_in_the_callback() {
    let harness = harness();
    harness.sandbox.switches().set(Switch::CustomWrongIss, true);
    assert_eq!(agree(&harness, &[]).await.param("iss").as_deref(), Some("https://someone-else.example"));
    harness.sandbox.switches().set(Switch::CustomNoIss, true);
    assert_eq!(agree(&harness, &[]).await.param("iss"), None);
}

#[tokio::test]
async fn unticked_scopes_are_not_granted_and_none_is_a_denial() {
    let harness = harness();
    let page = authorize(&harness, &[]).await;
    assert_eq!(checked(&page.text, "scope"), ["openid", "profile", "notes:read"]);
    let back = answer(&harness, &page, &["openid".to_owned(), "notes:write".to_owned()]).await;
    let reply = super::exchange(&harness, &back.param("code").unwrap(), &[]).await;
    assert_eq!(reply.json()["scope"], "openid", "what was not asked for cannot be granted");
    let page = authorize(&harness, &[]).await;
    assert_eq!(answer(&harness, &page, &[]).await.param("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn errors_redirect_only_for_a_known_client_and_redirect_uri() {
    let harness = harness();
    for (pairs, kind) in [
        (&[("client_id", "")][..], DepartureKind::MissingParameter),
        (&[("client_id", "someone")], DepartureKind::WrongClient),
        (&[("redirect_uri", "")], DepartureKind::MissingParameter),
        (&[("redirect_uri", "http://127.0.0.1:3000/other")], DepartureKind::RedirectMismatch),
    ] {
        let page = authorize(&harness, pairs).await;
        assert_eq!((page.status, page.header("location")), (400, ""), "{pairs:?}");
        assert_eq!(harness.departed().last().unwrap().0, kind);
    }
}

#[tokio::test]
async fn each_invalid_request_redirects_with_its_error() {
    let harness = harness();
    for (pairs, error, kind, detail) in [
        (&[("response_type", "")][..], "invalid_request", DepartureKind::MissingParameter, "response_type"),
        (
            &[("response_type", "token")],
            "unsupported_response_type",
            DepartureKind::WrongValue,
            "response_type",
        ),
        (&[("scope", "")], "invalid_scope", DepartureKind::MissingParameter, "scope"),
        (&[("scope", "openid everything")], "invalid_scope", DepartureKind::WrongValue, "scope"),
        (&[("scope", "openid,profile")], "invalid_scope", DepartureKind::WrongValue, "scope"),
        (
            &[("code_challenge_method", "plain")],
            "invalid_request",
            DepartureKind::WrongValue,
            "code_challenge_method",
        ),
        (&[("code_challenge", "short")], "invalid_request", DepartureKind::WrongValue, "code_challenge"),
        (
            &[("code_challenge", ""), ("code_challenge_method", "")],
            "invalid_request",
            DepartureKind::MissingParameter,
            "code_challenge",
        ),
        (&[("client_secret", "x")], "invalid_request", DepartureKind::SecretInQuery, "client_secret"),
        (
            &[("scope", "openid"), ("scope", "email")],
            "invalid_request",
            DepartureKind::RepeatedParameter,
            "scope",
        ),
    ] {
        let back = authorize(&harness, pairs).await;
        assert_eq!((back.status, back.param("error").as_deref()), (302, Some(error)), "{pairs:?}");
        harness.departed_once(kind, detail);
        harness.sandbox.departures().clear();
    }
    let back = authorize(&harness, &[("state", "a"), ("state", "b")]).await;
    assert_eq!((back.param("error").as_deref(), back.param("state")), (Some("invalid_request"), None));
}

#[tokio::test]
async fn unannounced_parameters_are_logged() {
    let harness = harness();
    assert_eq!(authorize(&harness, &[("nonce", "n1")]).await.status, 200);
    assert!(harness.sandbox.departures().is_empty());
    authorize(&harness, &[("audience", "x")]).await;
    harness.departed_once(DepartureKind::UnknownParameter, "audience");
}
