//! The sign-in page: its parameters, its branding, and its redirects.

use grapnel_sandbox::ProviderId::GroveStreams;
use grapnel_sandbox::grovestreams::{AUTHORIZE_PATH, EMAIL, PASSWORD, SIGN_IN_PATH};
use grapnel_sandbox::{Consent, DepartureKind, Switch};
use reqwest::Method;

use super::{CLIENT, REDIRECT, begin, sign_in, type_in};
use crate::harness::{Harness, Reply, harness, query, ticket};
use crate::provider_client::send;

fn request() -> String {
    query(&[("response_type", "code"), ("client_id", CLIENT), ("state", "s1"), ("redirect_uri", REDIRECT)])
}

#[tokio::test]
async fn the_page_leaves_the_fragment_to_its_script() {
    let harness = harness();
    let place = harness.at(GroveStreams);
    for path in [AUTHORIZE_PATH.to_owned(), format!("{AUTHORIZE_PATH}?{}", request())] {
        let page = place.get(&path).await;
        assert_eq!((page.status, page.header("location")), (200, ""));
        assert!(page.text.contains("<noscript>") && page.text.contains("src=\"/Modern/signinoauth.js\""));
        assert!(page.header("content-security-policy").contains("script-src 'self'"));
    }
    let script = place.get("/Modern/signinoauth.js").await;
    assert!(script.header("content-type").starts_with("text/javascript"));
    assert!(script.text.contains("location.hash") && script.text.contains("location.search"));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_form_is_prefilled_with_the_email() {
    let harness = harness();
    let page = begin(&harness, &[("email", "someone@example.org")]).await;
    assert!(page.text.contains("name=\"email\" value=\"someone@example.org\""), "{}", page.text);
    assert!(!page.header("content-security-policy").contains("script"));
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn the_right_password_redirects_with_code_and_state() {
    let harness = harness();
    let back = sign_in(&harness, &[("state", "s 1")]).await;
    assert_eq!((back.status, back.param("state").as_deref()), (302, Some("s 1")));
    assert!(back.header("location").starts_with(&format!("{REDIRECT}?code=")));
    assert!(is_uuid(&back.param("code").unwrap()));
    assert!(sign_in(&harness, &[("state", "")]).await.param("state").is_none());
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

#[tokio::test]
async fn a_wrong_password_shows_the_form_again_with_the_email() {
    let harness = harness();
    let page = begin(&harness, &[]).await;
    for password in ["wrong", ""] {
        let page = begin(&harness, &[]).await;
        let again = type_in(&harness, &page, "Ines@Harbour.example", password).await;
        assert_eq!((again.status, again.header("location")), (200, ""));
        assert!(again.text.contains("The email or the password is wrong"));
        assert!(
            again.text.contains("value=\"Ines@Harbour.example\"") && !again.text.contains("value=\"wrong\"")
        );
        assert_eq!(type_in(&harness, &again, EMAIL, PASSWORD).await.status, 302);
    }
    assert!(harness.sandbox.departures().is_empty(), "a person may mistype");
    type_in(&harness, &page, EMAIL, "wrong").await;
    assert_eq!(type_in(&harness, &page, EMAIL, PASSWORD).await.status, 400, "each page counts once");
}

#[tokio::test]
async fn a_cancel_does_not_redirect() {
    let harness = harness();
    let page = begin(&harness, &[]).await;
    let fields = [("ticket", &*ticket(&page.text)), ("decision", "cancel")];
    let end = harness.at(GroveStreams).form(SIGN_IN_PATH, &fields).await;
    assert_eq!((end.status, end.header("location")), (200, ""));
}

#[tokio::test]
async fn switches_change_the_callback_names_and_use_the_fragment() {
    let harness = harness();
    let switches = harness.sandbox.switches();
    switches.set(Switch::GroveStreamsOauthNames, true);
    let back = sign_in(&harness, &[]).await;
    assert!(back.param("oauthCode").is_some() && back.param("code").is_none());
    assert_eq!(back.param("oauthState").as_deref(), Some("s1"));
    switches.set(Switch::GroveStreamsFragment, true);
    let back = sign_in(&harness, &[]).await;
    assert!(back.header("location").starts_with(&format!("{REDIRECT}#oauthCode=")));
    switches.clear();
    switches.set(Switch::GroveStreamsFragment, true);
    let back = sign_in(&harness, &[]).await;
    let fragment = back.header("location").strip_prefix(&format!("{REDIRECT}#code=")).unwrap().to_owned();
    assert!(fragment.ends_with("&state=s1"), "{fragment}");
}

async fn branded(harness: &Harness, path: &str) -> Reply {
    let host = harness.sandbox.grovestreams().replace("http://127.0.0.1", "brand.localhost");
    send(harness.at(GroveStreams).request(Method::GET, path).header("host", host)).await
}

#[tokio::test]
async fn a_branded_host_shows_its_brand() {
    let harness = harness();
    let path = format!("{SIGN_IN_PATH}?{}", request());
    let page = branded(&harness, &path).await;
    assert!(page.status == 200 && page.text.contains("Northwind Sensors") && page.text.contains("<svg"));
    assert!(!page.text.contains("GroveStreams"), "the brand is all that is seen");
    assert!(harness.at(GroveStreams).get(&path).await.text.contains("GroveStreams"));
    let origin = harness.sandbox.grovestreams().replace("127.0.0.1", "brand.localhost");
    let fields =
        [("ticket", &*ticket(&page.text)), ("email", EMAIL), ("password", PASSWORD), ("decision", "sign-in")];
    let answer = harness.at(GroveStreams).request(Method::POST, SIGN_IN_PATH).header("origin", origin);
    assert_eq!(send(answer.form(&fields)).await.status, 302);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn no_other_host_and_no_other_provider_has_a_brand() {
    let harness = harness();
    let port = harness.sandbox.grovestreams().rsplit(':').next().unwrap();
    for host in
        ["brand.localhost".to_owned(), format!("other.localhost:{port}"), "brand.localhost:1".to_owned()]
    {
        let request = harness.at(GroveStreams).request(Method::GET, AUTHORIZE_PATH).header("host", host);
        send(request).await.refused(421, "invalid_request");
    }
    let host = harness.sandbox.grigora().replace("http://127.0.0.1", "brand.localhost");
    send(harness.http.get(harness.url("/_sandbox")).header("host", host))
        .await
        .refused(421, "invalid_request");
}

#[tokio::test]
async fn the_sign_in_page_accepts_a_posted_form() {
    let harness = harness();
    let form = [("response_type", "code"), ("client_id", CLIENT), ("redirect_uri", REDIRECT)];
    let page = harness.at(GroveStreams).form(AUTHORIZE_PATH, &form).await;
    assert!(page.status == 200 && page.text.contains("type=\"password\""));
    let plain = harness.at(GroveStreams).request(Method::POST, AUTHORIZE_PATH).body(request());
    assert_eq!(send(plain).await.status, 400);
    assert_eq!(harness.departed()[0].0, DepartureKind::WrongContentType);
}

#[tokio::test]
async fn an_invalid_request_shows_an_error_page() {
    let harness = harness();
    for (pairs, kind, detail) in [
        (&[("client_id", "")][..], DepartureKind::MissingParameter, "client_id"),
        (&[("redirect_uri", "")], DepartureKind::MissingParameter, "redirect_uri"),
        (&[("redirect_uri", "callback")], DepartureKind::WrongValue, "redirect_uri"),
        (&[("redirect_uri", "data:text/html,x")], DepartureKind::WrongValue, "redirect_uri"),
        (&[("response_type", "")], DepartureKind::MissingParameter, "response_type"),
        (&[("response_type", "token")], DepartureKind::WrongValue, "response_type"),
        (&[("client_secret", "x")], DepartureKind::SecretInQuery, "client_secret"),
        (&[("state", "a"), ("state", "b")], DepartureKind::RepeatedParameter, "state"),
    ] {
        let page = begin(&harness, pairs).await;
        assert_eq!((page.status, page.header("location")), (400, ""), "{pairs:?}");
        harness.departed_once(kind, detail);
        harness.sandbox.departures().clear();
    }
    assert_eq!(begin(&harness, &[("scope", "x")]).await.status, 200);
    harness.departed_once(DepartureKind::UnknownParameter, "scope");
}

#[tokio::test]
async fn without_a_consent_page_the_query_is_accepted() {
    let harness = harness();
    let place = harness.at(GroveStreams);
    harness.sandbox.set_consent(GroveStreams, Consent::Authorize);
    let back = place.get(&format!("{AUTHORIZE_PATH}?{}", request())).await;
    assert!(back.param("code").is_some());
    assert_eq!(place.get(AUTHORIZE_PATH).await.status, 200);
    harness.sandbox.set_consent(GroveStreams, Consent::Cancel);
    let end = place.get(&format!("{AUTHORIZE_PATH}?{}", request())).await;
    assert_eq!((end.status, end.header("location")), (200, ""));
}
