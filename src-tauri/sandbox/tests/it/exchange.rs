//! The exchange of a code for tokens.

use std::time::Duration;

use grapnel_sandbox::grigora::{CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, sandbox_app};
use grapnel_sandbox::{App, Kind, Options};
use serde_json::json;

use crate::harness::{CHALLENGE, REDIRECT, Reply, VERIFIER, content_type, house, house_with, pair, query};

const PKCE: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

#[tokio::test]
async fn a_form_gets_the_reply_that_the_page_shows() {
    let house = house();
    let code = house.agree(&[("project_id", "proj_harbour")]).await.param("code").unwrap();
    let reply = house.exchange(&code, &[]).await;
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
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn json_is_taken_as_well_as_a_form() {
    let house = house();
    let body = json!({
        "grant_type": "authorization_code",
        "code": house.code().await,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": REDIRECT,
    });
    let request = house
        .token_request()
        .header("content-type", "Application/JSON; charset=utf-8")
        .body(body.to_string());
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn any_other_content_type_is_refused() {
    let house = house();
    for kind in ["text/plain", "multipart/form-data"] {
        house.sandbox.departures().clear();
        let request = house.token_request().header("content-type", kind).body("grant_type=refresh_token");
        Reply::of(request.send().await.unwrap()).await.refused(415, "invalid_request");
        house.departed_once(Kind::WrongContentType, kind);
    }
    Reply::of(house.token_request().send().await.unwrap()).await.refused(415, "invalid_request");
}

#[tokio::test]
async fn a_body_that_is_no_object_of_strings_is_refused() {
    for (body, kind) in [
        ("[]", Kind::MalformedBody),
        ("{\"grant_type\":", Kind::MalformedBody),
        ("{\"grant_type\":7}", Kind::WrongValue),
        ("{\"grant_type\":\"refresh_token\",\"grant_type\":\"refresh_token\"}", Kind::RepeatedParameter),
    ] {
        let house = house();
        let request = house.token_request().header("content-type", "application/json").body(body);
        Reply::of(request.send().await.unwrap()).await.refused(400, "invalid_request");
        assert_eq!(house.departed()[0].0, kind, "{body}");
    }
}

#[tokio::test]
async fn a_missing_or_repeated_parameter_is_refused() {
    for name in ["grant_type", "code", "redirect_uri"] {
        let house = house();
        let code = house.code().await;
        house.exchange(&code, &[(name, "")]).await.refused(400, "invalid_request");
        house.departed_once(Kind::MissingParameter, name);
        house.sandbox.departures().clear();
        house.exchange(&code, &[(name, "a"), (name, "a")]).await.refused(400, "invalid_request");
        house.departed_once(Kind::RepeatedParameter, name);
        assert_eq!(
            house.exchange(&code, &[]).await.status,
            200,
            "a refused request does not use the code up"
        );
    }
}

#[tokio::test]
async fn a_parameter_that_no_page_names_is_noted_and_ignored() {
    let house = house();
    let code = house.code().await;
    assert_eq!(house.exchange(&code, &[("state", "s1")]).await.status, 200);
    house.departed_once(Kind::UnknownParameter, "state");
}

#[tokio::test]
async fn an_unknown_grant_type_is_unsupported() {
    let house = house();
    house.exchange("x", &[("grant_type", "password")]).await.refused(400, "unsupported_grant_type");
    house.departed_once(Kind::WrongValue, "grant_type");
}

#[tokio::test]
async fn wrong_or_missing_credentials_are_an_invalid_client() {
    let house = house();
    let code = house.code().await;
    for pairs in
        [("client_secret", "wrong"), ("client_id", "nobody"), ("client_secret", ""), ("client_id", "")]
    {
        house.sandbox.departures().clear();
        house.exchange(&code, &[pairs]).await.refused(401, "invalid_client");
        let kind = if pairs.1.is_empty() { Kind::MissingParameter } else { Kind::WrongClient };
        assert_eq!(house.departed()[0].0, kind);
    }
    assert_eq!(house.exchange(&code, &[]).await.status, 200);
}

#[tokio::test]
async fn basic_authentication_is_not_the_pages_way() {
    let house = house();
    let code = house.code().await;
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", REDIRECT)];
    let request = house.token_request().basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&form);
    Reply::of(request.send().await.unwrap()).await.refused(401, "invalid_client");
    assert_eq!(house.departed()[0], (Kind::BasicAuthentication, "Authorization".to_owned()));

    let both = crate::harness::with(&form, &[("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]);
    let request = house.token_request().basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&both);
    Reply::of(request.send().await.unwrap()).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn parameters_in_the_query_are_refused_and_their_values_not_logged() {
    let house = house();
    let secrets = query(&[("client_secret", CLIENT_SECRET), ("grant_type", "refresh_token")]);
    let request = house.http.post(house.url(&format!("{TOKEN_PATH}?{secrets}"))).form(&[("a", "b")]);
    Reply::of(request.send().await.unwrap()).await.refused(400, "invalid_request");
    assert_eq!(house.departed()[0].0, Kind::SecretInQuery);
    assert!(!format!("{:?}", house.sandbox.departures().all()).contains(CLIENT_SECRET));
}

#[tokio::test]
async fn an_unknown_code_is_an_invalid_grant() {
    let house = house();
    house.exchange("gri_ac_made-up", &[]).await.refused(400, "invalid_grant");
    house.departed_once(Kind::UnknownCode, "code");
}

#[tokio::test]
async fn a_code_expires_after_ten_minutes() {
    let house = house();
    let (early, late) = (house.code().await, house.code().await);
    house.sandbox.clock().advance(Duration::from_secs(590));
    assert_eq!(house.exchange(&early, &[]).await.status, 200);
    house.sandbox.clock().advance(Duration::from_secs(11));
    house.exchange(&late, &[]).await.refused(400, "invalid_grant");
    assert!(house.sandbox.departures().is_empty(), "the page says what comes then");
}

#[tokio::test]
async fn a_code_is_bound_to_the_redirect_uri_it_was_sent_to() {
    let house = house();
    let code =
        house.agree(&[("redirect_uri", "http://127.0.0.1:5001/callback")]).await.param("code").unwrap();
    for other in ["http://127.0.0.1:5002/callback", REDIRECT] {
        house.exchange(&code, &[("redirect_uri", other)]).await.refused(400, "invalid_grant");
    }
    assert_eq!(house.departed()[0], (Kind::RedirectMismatch, "redirect_uri".to_owned()));
    assert_eq!(
        house.exchange(&code, &[("redirect_uri", "http://127.0.0.1:5001/callback")]).await.status,
        200
    );
}

#[tokio::test]
async fn a_code_is_bound_to_its_client() {
    let other = App { client_id: "other".to_owned(), client_secret: "its-own".to_owned(), ..sandbox_app() };
    let house = house_with(Options::default().with_app(other));
    let theirs = [("client_id", "other"), ("client_secret", "its-own")];
    let code = house.code().await;
    house.exchange(&code, &theirs).await.refused(400, "invalid_grant");
    let (access, _) = pair(&house.exchange(&code, &[]).await);
    house.exchange(&code, &theirs).await.refused(400, "invalid_grant");
    assert!(house.is_live(&access).await, "another client's replay revokes nothing");
}

#[tokio::test]
async fn a_replayed_code_is_refused_and_ends_what_it_gave() {
    let house = house();
    let (bystander, _) = house.tokens().await;
    let code = house.code().await;
    let (access, refresh) = pair(&house.exchange(&code, &[]).await);
    assert!(house.is_live(&access).await);
    house.exchange(&code, &[]).await.refused(400, "invalid_grant");
    house.departed_once(Kind::ReplayedCode, "code");
    assert!(!house.is_live(&access).await);
    house.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
    assert!(house.is_live(&bystander).await, "tokens of another code live on");
}

#[tokio::test]
async fn the_right_verifier_proves_the_challenge_of_rfc_7636() {
    let house = house();
    let code = house.agree(&PKCE).await.param("code").unwrap();
    assert_eq!(house.exchange(&code, &[("code_verifier", VERIFIER)]).await.status, 200);
    assert!(house.sandbox.departures().is_empty());
}

#[tokio::test]
async fn a_missing_or_wrong_verifier_is_an_invalid_grant() {
    let wrong = VERIFIER.replace('d', "e");
    for (verifier, kind) in
        [("", Kind::MissingParameter), (wrong.as_str(), Kind::PkceMismatch), (CHALLENGE, Kind::PkceMismatch)]
    {
        let house = house();
        let code = house.agree(&PKCE).await.param("code").unwrap();
        house.exchange(&code, &[("code_verifier", verifier)]).await.refused(400, "invalid_grant");
        house.departed_once(kind, "code_verifier");
    }
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_an_invalid_grant() {
    let house = house();
    let code = house.code().await;
    house.exchange(&code, &[("code_verifier", VERIFIER)]).await.refused(400, "invalid_grant");
    house.departed_once(Kind::PkceMismatch, "code_verifier");
}

#[tokio::test]
async fn two_exchanges_at_once_give_tokens_to_one() {
    let house = house();
    let code = house.code().await;
    let (one, other) = tokio::join!(house.exchange(&code, &[]), house.exchange(&code, &[]));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}
