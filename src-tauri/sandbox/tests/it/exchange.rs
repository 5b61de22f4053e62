//! The exchange of a code for tokens.

use std::time::Duration;

use grapnel_sandbox::grigora::{CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, sandbox_app};
use grapnel_sandbox::{DepartureKind, Options, RegisteredApp};
use serde_json::json;

use crate::harness::{
    CHALLENGE, REDIRECT, Reply, VERIFIER, content_type, harness, harness_with, pair, query,
};

const PKCE: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

#[tokio::test]
async fn a_form_gets_the_documented_reply() {
    let harness = harness();
    let code = harness.agree(&[("project_id", "proj_harbour")]).await.param("code").unwrap();
    let reply = harness.exchange(&code, &[]).await;
    let body = reply.json();
    assert_eq!(reply.status, 200);
    assert_eq!(content_type(&reply), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
    let (access, refresh) = pair(&reply);
    // 256 random bits after the prefix.
    assert!(access.starts_with("gri_at_") && access.len() == 50);
    assert!(refresh.starts_with("gri_rt_") && refresh.len() == 50);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["scope"], "cms:post:read directory:items:read project:details:read");
    assert_eq!(body["project_ids"], json!(["proj_harbour"]));
    assert_eq!(body.as_object().unwrap().len(), 6);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn json_is_accepted() {
    let harness = harness();
    let body = json!({
        "grant_type": "authorization_code",
        "code": harness.code().await,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": REDIRECT,
    });
    let request = harness
        .token_request()
        .header("content-type", "Application/JSON; charset=utf-8")
        .body(body.to_string());
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn any_other_content_type_is_refused() {
    let harness = harness();
    for kind in ["text/plain", "multipart/form-data"] {
        harness.sandbox.departures().clear();
        let request = harness.token_request().header("content-type", kind).body("grant_type=refresh_token");
        Reply::of(request.send().await.unwrap()).await.refused(415, "invalid_request");
        harness.departed_once(DepartureKind::WrongContentType, kind);
    }
    Reply::of(harness.token_request().send().await.unwrap()).await.refused(415, "invalid_request");
}

#[tokio::test]
async fn a_json_body_must_be_an_object_of_strings() {
    for (body, kind) in [
        ("[]", DepartureKind::MalformedBody),
        ("{\"grant_type\":", DepartureKind::MalformedBody),
        ("{\"grant_type\":7}", DepartureKind::WrongValue),
        (
            "{\"grant_type\":\"refresh_token\",\"grant_type\":\"refresh_token\"}",
            DepartureKind::RepeatedParameter,
        ),
    ] {
        let harness = harness();
        let request = harness.token_request().header("content-type", "application/json").body(body);
        Reply::of(request.send().await.unwrap()).await.refused(400, "invalid_request");
        assert_eq!(harness.departed()[0].0, kind, "{body}");
    }
}

#[tokio::test]
async fn a_missing_or_repeated_parameter_is_refused() {
    for name in ["grant_type", "code", "redirect_uri"] {
        let harness = harness();
        let code = harness.code().await;
        harness.exchange(&code, &[(name, "")]).await.refused(400, "invalid_request");
        harness.departed_once(DepartureKind::MissingParameter, name);
        harness.sandbox.departures().clear();
        harness.exchange(&code, &[(name, "a"), (name, "a")]).await.refused(400, "invalid_request");
        harness.departed_once(DepartureKind::RepeatedParameter, name);
        assert_eq!(
            harness.exchange(&code, &[]).await.status,
            200,
            "a refused request does not use the code up"
        );
    }
}

#[tokio::test]
async fn an_undocumented_parameter_is_logged_and_ignored() {
    let harness = harness();
    let code = harness.code().await;
    assert_eq!(harness.exchange(&code, &[("state", "s1")]).await.status, 200);
    harness.departed_once(DepartureKind::UnknownParameter, "state");
}

#[tokio::test]
async fn an_unknown_grant_type_is_unsupported() {
    let harness = harness();
    harness.exchange("x", &[("grant_type", "password")]).await.refused(400, "unsupported_grant_type");
    harness.departed_once(DepartureKind::WrongValue, "grant_type");
}

#[tokio::test]
async fn wrong_or_missing_credentials_are_an_invalid_client() {
    let harness = harness();
    let code = harness.code().await;
    for pairs in
        [("client_secret", "wrong"), ("client_id", "nobody"), ("client_secret", ""), ("client_id", "")]
    {
        harness.sandbox.departures().clear();
        harness.exchange(&code, &[pairs]).await.refused(401, "invalid_client");
        let kind =
            if pairs.1.is_empty() { DepartureKind::MissingParameter } else { DepartureKind::WrongClient };
        assert_eq!(harness.departed()[0].0, kind);
    }
    assert_eq!(harness.exchange(&code, &[]).await.status, 200);
}

#[tokio::test]
async fn http_basic_authentication_is_refused() {
    let harness = harness();
    let code = harness.code().await;
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", REDIRECT)];
    let request = harness.token_request().basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&form);
    Reply::of(request.send().await.unwrap()).await.refused(401, "invalid_client");
    assert_eq!(harness.departed()[0], (DepartureKind::BasicAuthentication, "Authorization".to_owned()));

    let both = crate::harness::with(&form, &[("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]);
    let request = harness.token_request().basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&both);
    Reply::of(request.send().await.unwrap()).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn parameters_in_the_query_are_refused_and_their_values_not_logged() {
    let harness = harness();
    let secrets = query(&[("client_secret", CLIENT_SECRET), ("grant_type", "refresh_token")]);
    let request = harness.http.post(harness.url(&format!("{TOKEN_PATH}?{secrets}"))).form(&[("a", "b")]);
    Reply::of(request.send().await.unwrap()).await.refused(400, "invalid_request");
    assert_eq!(harness.departed()[0].0, DepartureKind::SecretInQuery);
    assert!(!format!("{:?}", harness.sandbox.departures().all()).contains(CLIENT_SECRET));
}

#[tokio::test]
async fn an_unknown_code_is_an_invalid_grant() {
    let harness = harness();
    harness.exchange("gri_ac_made-up", &[]).await.refused(400, "invalid_grant");
    harness.departed_once(DepartureKind::UnknownCode, "code");
}

#[tokio::test]
async fn a_code_expires_after_ten_minutes() {
    let harness = harness();
    let (early, late) = (harness.code().await, harness.code().await);
    harness.sandbox.clock().advance(Duration::from_secs(590));
    assert_eq!(harness.exchange(&early, &[]).await.status, 200);
    harness.sandbox.clock().advance(Duration::from_secs(11));
    harness.exchange(&late, &[]).await.refused(400, "invalid_grant");
    assert!(harness.sandbox.departures().is_empty(), "the page says what comes then");
}

#[tokio::test]
async fn a_code_is_bound_to_the_redirect_uri_it_was_sent_to() {
    let harness = harness();
    let code =
        harness.agree(&[("redirect_uri", "http://127.0.0.1:5001/callback")]).await.param("code").unwrap();
    for other in ["http://127.0.0.1:5002/callback", REDIRECT] {
        harness.exchange(&code, &[("redirect_uri", other)]).await.refused(400, "invalid_grant");
    }
    assert_eq!(harness.departed()[0], (DepartureKind::RedirectMismatch, "redirect_uri".to_owned()));
    assert_eq!(
        harness.exchange(&code, &[("redirect_uri", "http://127.0.0.1:5001/callback")]).await.status,
        200
    );
}

#[tokio::test]
async fn a_code_is_bound_to_its_client() {
    let other =
        RegisteredApp { client_id: "other".to_owned(), client_secret: "its-own".to_owned(), ..sandbox_app() };
    let harness = harness_with(Options::default().with_app(other));
    let theirs = [("client_id", "other"), ("client_secret", "its-own")];
    let code = harness.code().await;
    harness.exchange(&code, &theirs).await.refused(400, "invalid_grant");
    let (access, _) = pair(&harness.exchange(&code, &[]).await);
    harness.exchange(&code, &theirs).await.refused(400, "invalid_grant");
    assert!(harness.is_live(&access).await, "another client's replay revokes nothing");
}

#[tokio::test]
async fn a_replayed_code_is_refused_and_revokes_its_tokens() {
    let harness = harness();
    let (bystander, _) = harness.tokens().await;
    let code = harness.code().await;
    let (access, refresh) = pair(&harness.exchange(&code, &[]).await);
    assert!(harness.is_live(&access).await);
    harness.exchange(&code, &[]).await.refused(400, "invalid_grant");
    harness.departed_once(DepartureKind::ReplayedCode, "code");
    assert!(!harness.is_live(&access).await);
    harness.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
    assert!(harness.is_live(&bystander).await, "tokens of another code live on");
}

#[tokio::test]
async fn the_verifier_of_rfc_7636_is_accepted() {
    let harness = harness();
    let code = harness.agree(&PKCE).await.param("code").unwrap();
    assert_eq!(harness.exchange(&code, &[("code_verifier", VERIFIER)]).await.status, 200);
    assert!(harness.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_missing_or_wrong_verifier_is_an_invalid_grant() {
    let wrong = VERIFIER.replace('d', "e");
    for (verifier, kind) in [
        ("", DepartureKind::MissingParameter),
        (wrong.as_str(), DepartureKind::PkceMismatch),
        (CHALLENGE, DepartureKind::PkceMismatch),
    ] {
        let harness = harness();
        let code = harness.agree(&PKCE).await.param("code").unwrap();
        harness.exchange(&code, &[("code_verifier", verifier)]).await.refused(400, "invalid_grant");
        harness.departed_once(kind, "code_verifier");
    }
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_an_invalid_grant() {
    let harness = harness();
    let code = harness.code().await;
    harness.exchange(&code, &[("code_verifier", VERIFIER)]).await.refused(400, "invalid_grant");
    harness.departed_once(DepartureKind::PkceMismatch, "code_verifier");
}

#[tokio::test]
async fn of_two_concurrent_exchanges_one_succeeds() {
    let harness = harness();
    let code = harness.code().await;
    let (one, other) = tokio::join!(harness.exchange(&code, &[]), harness.exchange(&code, &[]));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}
