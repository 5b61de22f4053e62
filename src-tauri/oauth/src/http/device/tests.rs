//! The examples of RFC 8628, and responses that depart from it.

use grapnel_model::provider::{Overrides, Profile};
use grapnel_model::secret::ExposeSecret;
use http::HeaderMap;
use parking_lot::Mutex;

use super::*;
use crate::http::Reply;

/// Answers every request with one response, and records the request.
struct Scripted {
    body: &'static str,
    status: StatusCode,
    seen: Mutex<String>,
}

impl Scripted {
    fn new(status: u16, body: &'static str) -> Self {
        Self { body, status: StatusCode::from_u16(status).unwrap(), seen: Mutex::default() }
    }
}

impl Transport for Scripted {
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<Reply, Failure>> + Send {
        let (parts, body) = request.into_parts();
        let mut lines = vec![format!("{} {}", parts.method, parts.uri)];
        for name in [http::header::CONTENT_TYPE, http::header::AUTHORIZATION] {
            let value = parts.headers.get(&name).map(|value| value.to_str().unwrap());
            lines.extend(value.map(|value| format!("  {name}: {value}")));
        }
        lines.push(format!("  {}", String::from_utf8(body).unwrap().replace('&', "\n    &")));
        *self.seen.lock() = lines.join("\n");
        std::future::ready(Ok(Reply {
            status: self.status,
            content_type: "application/json".into(),
            retry_after: None,
            headers: HeaderMap::new(),
            body: self.body.as_bytes().to_vec(),
        }))
    }
}

fn config(own: &[(&str, &str)]) -> ProviderConfig {
    let endpoints = [
        ("grant_type", "device_code"),
        ("token_url", "https://server.example.com/token"),
        ("device_authorization_url", "https://server.example.com/device_authorization"),
    ];
    let own = endpoints.iter().chain(own).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Profile::find("custom").unwrap().config(&own.collect::<Overrides>()).unwrap()
}

async fn ask(
    server: &Scripted,
    config: &ProviderConfig,
    secret: Option<&str>,
) -> Result<DeviceAuthorization, TokenFailure> {
    let credentials = Credentials {
        client_id: "1406020730".into(),
        client_secret: secret.map(SecretString::from),
        private_key: None,
        dpop: None,
        certificate: None,
    };
    let endpoint = config.device_authorization_url().unwrap();
    let scopes = ["example_scope".to_owned()];
    request_device_code_over(server, (config, endpoint), &credentials, &scopes, Timestamp::UNIX_EPOCH).await
}

/// RFC 8628 §3.2.
const RESPONSE: &str = r#"{
    "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://example.com/device",
    "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
    "expires_in": 1800,
    "interval": 5
}"#;

/// The request of §3.1 is that of a public client, as which Basic without a secret is sent.
#[tokio::test]
async fn the_examples_of_the_rfc_are_sent_and_read() {
    let server = Scripted::new(200, RESPONSE);
    let read = ask(&server, &config(&[("client_auth", "body")]), None).await.unwrap();
    insta::assert_snapshot!(server.seen.lock(), @r"
    POST https://server.example.com/device_authorization
      content-type: application/x-www-form-urlencoded
      scope=example_scope
        &client_id=1406020730
    ");
    assert_eq!(read.device_code.expose_secret(), "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS");
    assert_eq!(
        (read.user_code.as_str(), read.verification_uri.as_str()),
        ("WDJB-MJHT", "https://example.com/device")
    );
    assert_eq!(
        read.verification_uri_complete.as_deref(),
        Some("https://example.com/device?user_code=WDJB-MJHT")
    );
    assert_eq!((read.expires_in.as_secs(), read.interval.as_secs()), (1800, 5));
}

#[tokio::test]
async fn a_client_authenticates_as_at_the_token_endpoint() {
    let mut seen = Vec::new();
    for own in [
        &[("client_auth", "basic")][..],
        &[("client_auth", "body"), ("resource", "https://api.example"), ("authorize.audience", "notes")],
        &[("client_auth", "basic_raw"), ("scope_separator", "comma")],
        &[("client_auth", "body"), ("send_scope", "false")],
    ] {
        let server = Scripted::new(200, RESPONSE);
        ask(&server, &config(own), Some("s%c")).await.unwrap();
        seen.push(server.seen.into_inner());
    }
    insta::assert_snapshot!(seen.join("\n"));
}

#[tokio::test]
async fn a_response_that_departs_from_the_rfc_is_read_if_it_is_unambiguous() {
    let config = config(&[]);
    // Google's name for the URI; numbers as text; no interval.
    let google = r#"{"device_code":"dddddddddddddddd","user_code":"U","verification_url":"https://g.example/d",
        "expires_in":"900","interval":null,"verification_uri_complete":null}"#;
    let read = ask(&Scripted::new(200, google), &config, None).await.unwrap();
    assert_eq!(read.verification_uri, "https://g.example/d");
    assert_eq!((read.expires_in.as_secs(), read.interval.as_secs()), (900, 5));
    // Limits of what is believed.
    let wild = r#"{"device_code":"dddddddddddddddd","user_code":"U","verification_uri":"https://g.example/d",
        "expires_in":99999999,"interval":0}"#;
    let read = ask(&Scripted::new(200, wild), &config, None).await.unwrap();
    assert_eq!((read.expires_in.as_secs(), read.interval.as_secs()), (3600, 1));
    for (status, body) in [
        (200, "{}"),
        (
            200,
            r#"{"device_code":"","user_code":"U","verification_uri":"https://g.example/d","expires_in":9}"#,
        ),
        (
            200,
            r#"{"device_code":"d","user_code":"","verification_uri":"https://g.example/d","expires_in":9}"#,
        ),
        (200, r#"{"device_code":"d","user_code":"U","verification_uri":"nowhere","expires_in":9}"#),
        (200, r#"{"device_code":"d","user_code":"U","verification_uri":"https://g.example/d"}"#),
        (200, "<html>"),
        (302, "{}"),
        (404, "nothing here"),
    ] {
        let failure = ask(&Scripted::new(status, body), &config, None).await.err().unwrap();
        assert!(
            matches!(failure, TokenFailure::Failed(Failure::Strange(..))),
            "{status} {body}: {failure:?}"
        );
    }
    let refused = r#"{"error":"unauthorized_client","error_description":"not for devices"}"#;
    let failure = ask(&Scripted::new(400, refused), &config, None).await.err().unwrap();
    assert!(matches!(failure, TokenFailure::Refused { error, .. } if error == "unauthorized_client"));
    let busy = ask(&Scripted::new(503, ""), &config, None).await.err().unwrap();
    assert!(matches!(busy, TokenFailure::Failed(Failure::Unavailable(..))));
}

#[tokio::test]
async fn only_a_safe_verification_uri_is_opened() {
    for uri in ["https://example.com/device?user_code=A-B", "http://127.0.0.1:4000/d", "http://localhost/d"] {
        assert!(is_openable(uri), "{uri}");
    }
    for uri in [
        "http://example.com/device",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://good.example@evil.example/",
        "data:text/html,x",
        "example.com/device",
        "ms-settings:privacy",
        "",
    ] {
        assert!(!is_openable(uri), "{uri}");
    }
    // A complete URI of another scheme is left out, and hidden characters do not reach the screen.
    let hostile = r#"{"device_code":"dddddddddddddddd","user_code":"A\u202eB\u001b[31m","expires_in":9,
        "verification_uri":"javascript:alert(1)","verification_uri_complete":"file:///etc/passwd"}"#;
    let read = ask(&Scripted::new(200, hostile), &config(&[]), None).await.unwrap();
    assert_eq!(read.verification_uri_complete, None);
    assert!(!is_openable(&read.verification_uri));
    assert_eq!(read.user_code, "AB [31m");
}
