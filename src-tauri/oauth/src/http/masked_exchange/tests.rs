use std::time::Duration;

use grapnel_model::api_exchange::ExchangeKind;
use http::{HeaderValue, Request, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::http::failure::Failure;

const SECRET: &str = "s3cret-of-the-client";
const REFRESH: &str = "refresh-41d7c0be95a3";
const ACCESS: &str = "access-0123456789abcdef";

fn reply(status: u16, headers: &[(&'static str, String)], body: &str) -> Reply {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    let (headers, status) = (headers.collect::<HeaderMap>(), StatusCode::from_u16(status).unwrap());
    Reply { status, content_type: String::new(), retry_after: None, headers, body: body.into() }
}

fn masked(
    kind: ExchangeKind,
    request: &Request<Vec<u8>>,
    result: &Result<Reply, Failure>,
    also: &[&str],
) -> MaskedExchange {
    let also: Vec<SecretString> = also.iter().map(|secret| SecretString::from(*secret)).collect();
    ObservedExchange::begin(kind, request).end(result, None, Duration::from_millis(31)).masked(
        ExchangeId("e".into()),
        Timestamp::UNIX_EPOCH,
        &also,
    )
}

fn refresh(body: &str) -> Request<Vec<u8>> {
    let basic = format!("Basic {}", BASE64.encode(format!("client:{SECRET}")));
    let mut own = HeaderValue::from_static("live-own-key-1234");
    own.set_sensitive(true);
    Request::post("https://id.example/token?x=query-secret-1234&resource=https%3A%2F%2Fapi.example")
        .header("authorization", basic)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-own", own)
        .body(body.into())
        .unwrap()
}

#[test]
fn a_token_request_and_its_response_show_only_what_is_harmless() {
    let form =
        format!("grant_type=refresh_token&refresh_token={REFRESH}&scope=read+posts&more=unknown-value-1");
    let response = serde_json::json!({
        "access_token": ACCESS, "token_type": "Bearer", "expires_in": 3600, "scope": format!("read {ACCESS}"),
        "unknown": "live-unknown-1234",
    });
    let headers = [
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("set-cookie", "session=live-cookie".to_owned()),
        ("x-echo", format!("you sent {REFRESH}, take {ACCESS}")),
        ("x-request-id", "7f3a".to_owned()),
    ];
    let shown =
        masked(ExchangeKind::Refresh, &refresh(&form), &Ok(reply(200, &headers, &response.to_string())), &[]);
    insta::assert_debug_snapshot!(shown);
    let json =
        serde_json::json!({ "grant_type": "refresh_token", "refresh_token": REFRESH, "deep": [ACCESS, 7] });
    let shown = masked(ExchangeKind::Refresh, &refresh(&json.to_string()), &Ok(reply(503, &[], "")), &[]);
    let expected =
        r#"{"grant_type":"refresh_token","refresh_token":"[secret]","deep":["[secret]","[secret]"]}"#;
    assert_eq!(shown.view.draft.body, expected);
}

#[test]
fn an_api_exchange_is_shown_without_tokens_and_named_credentials() {
    let request = Request::get(format!("https://api.example/me?page=2&api_key=live-1&t={ACCESS}"))
        .header("authorization", format!("Bearer {ACCESS}"))
        .body(Vec::new())
        .unwrap();
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let body = serde_json::json!({ "id": 7, "name": "Ann", "echo": ACCESS, "older": format!("x {jwt}"),
        "api_key": "live-2", "also": REFRESH });
    let headers = [("location", format!("https://x.example/?code=live-3&next={jwt}"))];
    let shown = masked(ExchangeKind::Api, &request, &Ok(reply(200, &headers, &body.to_string())), &[REFRESH]);
    insta::assert_debug_snapshot!(shown);
    assert!(!format!("{shown:?}").contains("live-"));
}

#[test]
fn a_failure_without_a_response_says_why() {
    let lost = Err(Failure::NotSent("connection refused (127.0.0.1:9)".into()));
    let shown = masked(ExchangeKind::Token, &refresh(""), &lost, &[]);
    assert_eq!((shown.view.summary.status, shown.body), (None, None));
    insta::assert_snapshot!(
        shown.view.summary.error.unwrap(),
        @"The provider could not be reached: connection refused (127.0.0.1:9)."
    );
}

#[test]
fn a_large_or_binary_body_is_left_out_and_said_so() {
    let request = Request::get("https://api.example/list").body(Vec::new()).unwrap();
    for body in ["a".repeat(MAX_OBSERVED_BYTES + 1), "a\0b".to_owned()] {
        let shown = masked(ExchangeKind::Api, &request, &Ok(reply(200, &[], &body)), &[]);
        assert_eq!((shown.body, shown.view.summary.body_kept), (None, false));
        assert_eq!((shown.view.summary.size, shown.view.notes.len()), (u32::try_from(body.len()).ok(), 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a provider repeats, in whatever part of its response, and under whatever name it is sent.
    #[test]
    fn no_sent_secret_is_shown_wherever_it_is_repeated(
        secret in "[A-Za-z0-9_-]{20,60}",
        name in "[a-z_]{1,12}",
        status in 200..599_u16,
        is_json: bool,
    ) {
        prop_assume!(!is_shown(&name));
        let request = refresh(&if is_json {
            serde_json::json!({ &name: secret }).to_string()
        } else {
            format!("{name}={secret}")
        });
        let echo = serde_json::json!({ "error": secret, "error_description": format!("no {secret}"), &secret: 1 });
        let headers = [("x-echo", secret.clone()), ("www-authenticate", format!("Bearer error={secret}"))];
        for body in [echo.to_string(), format!("<p>{secret}</p>"), format!("error={secret}"), secret.clone()] {
            for kind in [ExchangeKind::Token, ExchangeKind::Refresh, ExchangeKind::Revocation,
                ExchangeKind::Introspection, ExchangeKind::PasswordLogin] {
                let shown = masked(kind, &request, &Ok(reply(status, &headers, &body)), &[]);
                prop_assert!(!format!("{shown:?}").contains(&secret), "{shown:?}");
            }
        }
    }
}
