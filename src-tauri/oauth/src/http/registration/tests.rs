use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        content_type: "application/json".into(),
        retry_after: None,
        headers: HeaderMap::new(),
        body: body.into(),
    }
}

fn asked() -> ClientMetadata {
    let Value::Object(asked) = json!({
        "redirect_uris": ["https://client.example.org/callback", "https://client.example.org/callback2"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "read write",
    }) else {
        unreachable!()
    };
    asked
}

fn read(status: u16, body: &str) -> Result<RegisteredClient, TokenFailure> {
    let endpoint = Url::parse("https://server.example.com/register").unwrap();
    read_response(&reply(status, body), (&endpoint, Some(&"an-initial-token".into())), &asked())
}

/// The response of RFC 7591 §3.2.1, with the members of RFC 7592 §3.
#[test]
fn the_response_of_the_rfc_is_read() {
    let client = read(
        201,
        r#"{
            "client_id": "s6BhdRkqt3",
            "client_secret": "cf136dc3c1fc93f31185e5885805d",
            "client_id_issued_at": 2893256800,
            "client_secret_expires_at": 2893276800,
            "redirect_uris": ["https://client.example.org/callback", "https://client.example.org/callback2"],
            "grant_types": ["authorization_code", "refresh_token"],
            "client_name": "My Example Client",
            "client_name#ja-Jpan-JP": "\u30AF\u30E9\u30A4\u30A2\u30F3\u30C8\u540D",
            "token_endpoint_auth_method": "client_secret_basic",
            "logo_uri": "https://client.example.org/logo.png",
            "jwks_uri": "https://client.example.org/my_public_keys.jwks",
            "example_extension_parameter": "example_value",
            "registration_access_token": "reg-23410913-abewfq.123483",
            "registration_client_uri": "https://server.example.com/register/s6BhdRkqt3"
        }"#,
    )
    .unwrap();
    assert_eq!(client.client_id, "s6BhdRkqt3");
    assert_eq!(client.client_secret.unwrap().expose_secret(), "cf136dc3c1fc93f31185e5885805d");
    assert_eq!(client.secret_expires_at.unwrap().as_second(), 2_893_276_800);
    assert_eq!(client.auth_method.as_deref(), Some("client_secret_basic"));
    let configuration = client.configuration.unwrap();
    assert_eq!(configuration.uri.as_str(), "https://server.example.com/register/s6BhdRkqt3");
    assert_eq!(configuration.token.expose_secret(), "reg-23410913-abewfq.123483");
    assert_eq!((client.refused_uri, client.changes), (None, Vec::new()));
}

#[test]
fn a_configuration_endpoint_at_another_origin_is_refused() {
    for uri in [
        "https://evil.example/register/1",
        "https://server.example.com:8443/register/1",
        "http://server.example.com/register/1",
        "https://server.example.com@evil.example/",
        "/register/1",
        "javascript:1",
    ] {
        let body = json!({
            "client_id": "1", "registration_client_uri": uri, "registration_access_token": "secret-token",
        });
        let client = read(201, &body.to_string()).unwrap();
        assert!(client.configuration.is_none(), "{uri}");
        assert!(client.refused_uri.is_some(), "{uri}");
    }
}

#[test]
fn what_the_server_changed_is_told() {
    let body = json!({
        "client_id": "1",
        "client_secret": "the-client-secret",
        "client_secret_expires_at": 0,
        "redirect_uris": ["https://client.example.org/callback"],
        "grant_types": ["refresh_token", "authorization_code"],
        "token_endpoint_auth_method": "client_secret_post",
        "scope": "read the-client-secret",
    });
    let client = read(201, &body.to_string()).unwrap();
    assert_eq!(client.secret_expires_at, None);
    let told: Vec<String> = client
        .changes
        .iter()
        .map(|change| format!("{}: {} -> {}", change.member, change.asked, change.registered))
        .collect();
    insta::assert_snapshot!(told.join("\n").replace("https://client.example.org", "ORIGIN"), @r"
    redirect_uris: ORIGIN/callback ORIGIN/callback2 -> ORIGIN/callback
    token_endpoint_auth_method: client_secret_basic -> client_secret_post
    scope: read write -> read [secret]
    ");
}

#[test]
fn each_unusable_response_has_its_reason() {
    let cases = [
        // RFC 7591 §3.2.2.
        (
            400,
            r#"{"error": "invalid_redirect_uri",
                "error_description": "The redirection URI http://sketchy.example.com is not allowed by this server."}"#,
        ),
        (401, r#"{"error": "invalid_token", "error_description": "an-initial-token is not known"}"#),
        (403, ""),
        (404, "<html>"),
        (429, "{}"),
        (503, ""),
        (201, ""),
        (201, "<html>"),
        (201, "[]"),
        (201, "{}"),
        (201, r#"{"client_id": 7}"#),
        (201, r#"{"client_id": "a\nb"}"#),
        (201, r#"{"client_id": "a", "client_secret": "b\u0007"}"#),
    ];
    let told = cases.map(|(status, body)| {
        let Err(failure) = read(status, body) else { panic!("{body}") };
        format!("{status} {body}\n  {failure:?}")
    });
    insta::assert_snapshot!(told.join("\n"));
}

proptest! {
    #[test]
    fn any_response_is_read_without_panic(
        status in 200_u16..600,
        members in prop::collection::btree_map(
            prop::sample::select(vec![
                "client_id", "client_secret", "client_secret_expires_at", "redirect_uris", "scope", "error",
                "registration_client_uri", "registration_access_token", "token_endpoint_auth_method",
            ]),
            prop_oneof![
                any::<i64>().prop_map(Value::from),
                any::<String>().prop_map(Value::from),
                Just(Value::Null),
                Just(Value::from("https://server.example.com/register/1")),
                prop::collection::vec(any::<String>(), 0..3).prop_map(Value::from),
            ],
            0..9,
        )
    ) {
        let body = serde_json::to_string(&members).unwrap();
        if let Ok(client) = read(status, &body) {
            prop_assert!(is_credential(&client.client_id));
            if let Some(at) = client.configuration {
                prop_assert_eq!(at.uri.host_str(), Some("server.example.com"));
            }
        }
    }
}
