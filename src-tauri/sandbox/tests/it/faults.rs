//! Each fault, as a client observes it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use grapnel_sandbox::Endpoint::{self, Api, TokenExchange, TokenRefresh};
use grapnel_sandbox::grigora::{CLIENT_ID, CLIENT_SECRET, TOKEN_PATH};
use grapnel_sandbox::{Fault, Times};
use serde_json::Value;

use crate::harness::{Harness, Reply, content_type, harness, pair, query};

async fn planned(endpoint: Endpoint, fault: &str) -> (Harness, String, String) {
    let harness = harness();
    let (access, refresh) = harness.tokens().await;
    harness.sandbox.faults().set(endpoint, fault.parse().unwrap(), 1).unwrap();
    (harness, access, refresh)
}

/// The refresh reply under a fault.
async fn refreshed(fault: &str) -> Reply {
    let (harness, _, refresh) = planned(TokenRefresh, fault).await;
    harness.refresh(&refresh, &[]).await
}

async fn body(fault: &str) -> Value {
    let reply = refreshed(fault).await;
    assert_eq!(reply.status, 200);
    reply.json()
}

/// Sends a refresh over a plain TCP connection and returns every byte of the reply.
fn bytes_of_a_refresh(harness: &Harness, refresh: &str) -> Vec<u8> {
    let form = query(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ]);
    let host = harness.sandbox.grigora().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST {TOKEN_PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    stream.write_all((head + &form).as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[tokio::test]
async fn a_lost_reply_sends_no_byte_and_rotates_the_token() {
    let (harness, _, refresh) = planned(TokenRefresh, "lost-reply").await;
    assert_eq!(bytes_of_a_refresh(&harness, &refresh), b"");
    harness.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
    assert_eq!(harness.sandbox.grigora_grants().issued().refresh_tokens, 2);
}

#[tokio::test]
async fn a_lost_reply_of_the_exchange_uses_the_code() {
    let harness = harness();
    let code = harness.code().await;
    harness.sandbox.faults().set(TokenExchange, Fault::LostReply, 1).unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("redirect_uri", crate::harness::REDIRECT),
    ];
    assert!(harness.token_request().form(&form).send().await.is_err());
    harness.exchange(&code, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_gateway_timeout_rotates_the_token() {
    let (harness, _, refresh) = planned(TokenRefresh, "504-after").await;
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 504);
    harness.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_429_has_retry_after_and_changes_nothing() {
    let (harness, _, refresh) = planned(TokenRefresh, "429=17").await;
    let reply = harness.refresh(&refresh, &[]).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, "17"));
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
}

#[tokio::test]
async fn a_429_can_have_retry_after_as_a_date() {
    let reply = refreshed("429-date=90").await;
    let moment = |name: &str| jiff::fmt::rfc2822::parse(reply.header(name)).unwrap().timestamp().as_second();
    assert!((89..=91).contains(&(moment("retry-after") - moment("date"))));
}

#[tokio::test]
async fn server_errors_change_nothing() {
    for status in [500, 502, 503] {
        let (harness, access, refresh) = planned(TokenRefresh, &status.to_string()).await;
        assert_eq!(harness.refresh(&refresh, &[]).await.status, status);
        assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
        harness.sandbox.faults().set(Api, Fault::ServerError(status), 1).unwrap();
        assert_eq!(harness.api_get("/project/list", &access).await.status, status);
        assert_eq!(harness.api_get("/project/list", &access).await.status, 200);
    }
}

#[tokio::test]
async fn a_slow_reply_arrives_late_and_complete() {
    let (harness, access, refresh) = planned(TokenRefresh, "slow=120").await;
    let before = Instant::now();
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
    assert!(before.elapsed() >= Duration::from_millis(120));
    harness.sandbox.faults().set(Api, Fault::Slow(Duration::from_millis(120)), 1).unwrap();
    let before = Instant::now();
    assert!(harness.is_live(&access).await);
    assert!(before.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_client_timeout_does_not_undo_the_rotation() {
    let (harness, _, refresh) = planned(TokenRefresh, "slow=60000").await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    let request = harness.token_request().timeout(Duration::from_millis(500)).form(&form);
    assert!(request.send().await.unwrap_err().is_timeout());
    harness.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_cut_off_body_is_shorter_than_its_content_length() {
    let (harness, _, refresh) = planned(TokenRefresh, "cut-off").await;
    let bytes = String::from_utf8(bytes_of_a_refresh(&harness, &refresh)).unwrap();
    let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
    let promised = crate::harness::between(head, "content-length: ", "\r\n").unwrap();
    let promised: usize = promised.parse().unwrap();
    assert!(body.starts_with('{') && body.len() < promised, "{} of {promised}", body.len());

    let (harness, access, _) = planned(Api, "cut-off").await;
    let request = harness.http.get(harness.url("/general/api/v1/project/list")).bearer_auth(access);
    assert!(request.send().await.unwrap().bytes().await.is_err());
}

#[tokio::test]
async fn html_comes_with_status_200_and_changes_nothing() {
    let (harness, access, refresh) = planned(TokenRefresh, "html").await;
    let reply = harness.refresh(&refresh, &[]).await;
    assert_eq!(reply.status, 200);
    assert!(content_type(&reply).starts_with("text/html") && reply.text.contains("<h1>"));
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
    harness.sandbox.faults().set(Api, Fault::Html, 1).unwrap();
    assert!(harness.api_get("/project/list", &access).await.text.starts_with("<!doctype html>"));
}

#[tokio::test]
async fn an_empty_reply_rotates_the_token() {
    let (harness, _, refresh) = planned(TokenRefresh, "empty").await;
    let reply = harness.refresh(&refresh, &[]).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    harness.refresh(&refresh, &[]).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn an_oversized_body_is_valid_json() {
    let reply = refreshed("oversized").await;
    assert!(reply.text.len() > 5 * 1024 * 1024);
    assert!(reply.json()["access_token"].is_string());
}

#[tokio::test]
async fn a_redirect_leads_to_another_origin() {
    let reply = refreshed("redirect=https://evil.example/steal").await;
    assert_eq!((reply.status, reply.header("location")), (307, "https://evil.example/steal"));
    let (harness, access, _) = planned(Api, "redirect").await;
    assert_eq!(
        harness.api_get("/project/list", &access).await.header("location"),
        "https://elsewhere.invalid/"
    );
}

#[tokio::test]
async fn date_skew_shifts_the_date_header() {
    let now = jiff::Timestamp::now().as_second();
    for skew in [7200, -7200] {
        let reply = refreshed(&format!("date-skew={skew}")).await;
        let said = jiff::fmt::rfc2822::parse(reply.header("date")).unwrap().timestamp().as_second();
        assert!((-1..=60).contains(&(said - now - skew)), "{skew}");
        assert_eq!(reply.status, 200);
    }
}

#[tokio::test]
async fn expires_in_may_be_text_a_fraction_or_missing() {
    assert_eq!(body("expires-in-string").await["expires_in"], "3600");
    assert_eq!(body("expires-in-float").await["expires_in"], 3600.5);
    assert!(body("expires-in-missing").await.get("expires_in").is_none());
}

#[tokio::test]
async fn token_type_may_be_lower_case_missing_or_another() {
    assert_eq!(body("token-type-lowercase").await["token_type"], "bearer");
    assert_eq!(body("token-type-mac").await["token_type"], "mac");
    assert!(body("token-type-missing").await.get("token_type").is_none());
}

#[tokio::test]
async fn scopes_may_come_with_commas() {
    let scope = "cms:post:read,directory:items:read,project:details:read";
    assert_eq!(body("scope-commas").await["scope"], scope);
}

#[tokio::test]
async fn the_reply_may_be_a_form() {
    let reply = refreshed("form-encoded").await;
    assert_eq!(content_type(&reply), "application/x-www-form-urlencoded");
    let pairs: Vec<(String, String)> = form_urlencoded::parse(reply.text.as_bytes()).into_owned().collect();
    let get = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert!(get("access_token").unwrap().starts_with("gri_at_"));
    assert_eq!(get("expires_in"), Some("3600"));
    assert_eq!(pairs.iter().filter(|(name, _)| name == "project_ids").count(), 6);
}

#[tokio::test]
async fn there_may_be_more_members_than_documented() {
    let body = body("extra-members").await;
    assert!(body["access_token"].is_string() && body["id_token"].is_string() && body["x_region"].is_object());
}

#[tokio::test]
async fn the_access_token_may_be_missing() {
    let body = body("no-access-token").await;
    assert!(body.get("access_token").is_none() && body["refresh_token"].is_string());
}

#[tokio::test]
async fn a_reply_without_a_refresh_token_keeps_the_old_one_valid() {
    let (harness, _, refresh) = planned(TokenRefresh, "no-refresh-token").await;
    let reply = harness.refresh(&refresh, &[]).await;
    assert!(reply.json().get("refresh_token").is_none());
    assert_eq!(harness.sandbox.grigora_grants().issued().refresh_tokens, 1);
    assert!(harness.is_live(reply.json()["access_token"].as_str().unwrap()).await);
    assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
}

#[tokio::test]
async fn oauth_errors_can_be_injected_for_a_valid_grant() {
    for (fault, status, error) in [
        ("invalid-grant", 400, "invalid_grant"),
        ("invalid-client", 401, "invalid_client"),
        ("unknown-error", 400, "mercury_in_retrograde"),
    ] {
        let (harness, _, refresh) = planned(TokenRefresh, fault).await;
        harness.refresh(&refresh, &[]).await.refused(status, error);
        assert_eq!(harness.refresh(&refresh, &[]).await.status, 200);
        let code = harness.code().await;
        harness.sandbox.faults().set(TokenExchange, fault.parse().unwrap(), 1).unwrap();
        harness.exchange(&code, &[]).await.refused(status, error);
        assert_eq!(harness.exchange(&code, &[]).await.status, 200);
    }
}

#[tokio::test]
async fn the_api_can_refuse_a_valid_token() {
    let (harness, access, _) = planned(Api, "invalid-token").await;
    harness.api_get("/project/list", &access).await.refused(401, "invalid_token");
    assert!(harness.is_live(&access).await);
}

#[tokio::test]
async fn a_fault_applies_to_its_endpoint_the_given_number_of_times() {
    let harness = harness();
    let (access, refresh) = harness.tokens().await;
    harness.sandbox.faults().set(TokenRefresh, Fault::ServerError(503), Times::Always).unwrap();
    for _ in 0..3 {
        assert_eq!(harness.refresh(&refresh, &[]).await.status, 503);
    }
    assert!(harness.is_live(&access).await);
    assert_eq!(harness.exchange(&harness.code().await, &[]).await.status, 200);
    harness.sandbox.faults().clear();
    let (_, refresh) = pair(&harness.refresh(&refresh, &[]).await);
    harness.sandbox.faults().set(TokenRefresh, Fault::ServerError(503), 2).unwrap();
    for status in [503, 503, 200] {
        assert_eq!(harness.refresh(&refresh, &[]).await.status, status);
    }
}

#[tokio::test]
async fn every_fault_can_occur_at_some_endpoint() {
    let faults = harness().sandbox.faults().clone();
    let names: Vec<String> = Fault::names().collect();
    assert_eq!(names.len(), 29);
    for name in names {
        let fault: Fault = name.parse().unwrap();
        assert_eq!(fault.to_string(), name);
        assert!(
            [TokenExchange, TokenRefresh, Api].into_iter().any(|at| faults.set(at, fault.clone(), 1).is_ok())
        );
    }
}
