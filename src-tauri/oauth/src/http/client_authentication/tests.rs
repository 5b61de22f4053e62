use grapnel_model::provider::{KeyAlgorithm, Overrides, Profile};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::Value;

use super::*;
use std::sync::Arc;

use crate::client_certificate::ClientCertificate;
use crate::http::presented_certificate::of_request;
use crate::signing_key::SigningKey;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn config(own: &[(&str, &str)]) -> ProviderConfig {
    let endpoints = [("authorize_url", "https://id.example/a"), ("token_url", "https://id.example/t")];
    let own: Overrides =
        endpoints.iter().chain(own).map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Profile::find("custom").unwrap().config(&own).unwrap()
}

fn credentials() -> Credentials {
    let key = SigningKey::generate(KeyAlgorithm::Es256).unwrap();
    Credentials {
        client_id: "client:1".into(),
        client_secret: Some("s&cret-of-the-client".into()),
        private_key: Some(SigningKey::parse(&key, KeyAlgorithm::Es256, Some("key-1")).unwrap()),
        dpop: None,
        certificate: None,
    }
}

fn sent(config: &ProviderConfig, credentials: &Credentials) -> (HeaderMap, Parameters) {
    let (mut headers, mut parameters) = (HeaderMap::new(), Parameters::new());
    authenticate(config.client_auth, config, credentials, NOW, (&mut headers, &mut parameters)).unwrap();
    (headers, parameters)
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// What each method sends, with a JWT decoded and its random ID left out.
#[test]
fn each_method_sends_these_credentials() {
    let methods = [
        "none",
        "body",
        "basic",
        "basic_raw",
        "secret_jwt",
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ];
    let told = methods.map(|method| {
        let (headers, parameters) = sent(&config(&[("client_auth", method)]), &credentials());
        let mut lines = vec![method.to_owned()];
        lines.extend(headers.iter().map(|(name, value)| format!("  {name}: {}", value.to_str().unwrap())));
        for (name, value) in parameters {
            let parts: Vec<&str> = value.split('.').collect();
            lines.push(match parts[..] {
                [header, claims, _] if name == "client_assertion" => {
                    let mut claims = decoded(claims);
                    let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
                    assert!(id.as_str().unwrap().len() >= 22, "{id}");
                    format!("  {name}={}.{claims}.SIGNATURE", decoded(header))
                }
                _ => format!("  {name}={value}"),
            });
        }
        lines.join("\n")
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn the_audience_is_the_issuer_if_it_is_known_unless_the_app_says_otherwise() {
    let audience = |own: &[(&str, &str)]| {
        let own = [&[("client_auth", "private_key_jwt")], own].concat();
        let (_, parameters) = sent(&config(&own), &credentials());
        let (_, assertion) = parameters.into_iter().find(|(name, _)| name == "client_assertion").unwrap();
        decoded(assertion.split('.').nth(1).unwrap())["aud"].as_str().unwrap().to_owned()
    };
    let issuer = ("issuer", "https://id.example");
    assert_eq!(audience(&[]), "https://id.example/t");
    assert_eq!(audience(&[issuer]), "https://id.example");
    assert_eq!(audience(&[issuer, ("assertion_audience", "token_url")]), "https://id.example/t");
}

#[test]
fn two_requests_never_carry_the_same_jwt() {
    let (config, credentials) = (config(&[("client_auth", "secret_jwt")]), credentials());
    assert_ne!(sent(&config, &credentials).1, sent(&config, &credentials).1);
}

#[test]
fn an_app_without_a_key_is_told_what_is_missing() {
    for (method, what) in [("private_key_jwt", "private key"), ("secret_jwt", "client secret")] {
        let nothing = Credentials {
            client_id: "c".into(),
            client_secret: None,
            private_key: None,
            dpop: None,
            certificate: None,
        };
        let (mut headers, mut parameters) = (HeaderMap::new(), Parameters::new());
        let config = config(&[("client_auth", method)]);
        let asked = (&mut headers, &mut parameters);
        match authenticate(config.client_auth, &config, &nothing, NOW, asked) {
            Err(Failure::Blocked { reason, .. }) => assert!(reason.contains(what), "{reason}"),
            other => panic!("{other:?}"),
        }
        assert!(parameters.is_empty());
    }
}

/// The time at which a request is sent again to a server whose clock is `ahead` of this computer's.
fn sent_again(method: ClientAuth, ahead: SignedDuration, status: u16, code: &str) -> Option<SignedDuration> {
    let server = NOW + ahead;
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&server).unwrap();
    let reply = Reply {
        status: StatusCode::from_u16(status).unwrap(),
        content_type: "application/json".into(),
        retry_after: None,
        headers: HeaderMap::from_iter([(header::DATE, date.parse().unwrap())]),
        body: json!({ "error": code }).to_string().into_bytes(),
    };
    time_of_refused_jwt(method, NOW, &reply).map(|server| NOW.duration_until(server))
}

#[test]
fn a_jwt_that_a_server_with_another_clock_refuses_is_made_once_more_with_its_time() {
    let ten = SignedDuration::from_mins(10);
    for ahead in [ten, -ten] {
        for status in [400, 401] {
            assert_eq!(sent_again(ClientAuth::PrivateKeyJwt, ahead, status, "invalid_client"), Some(ahead));
        }
        assert_eq!(sent_again(ClientAuth::SecretJwt, ahead, 401, "invalid_client"), Some(ahead));
        // A secret does not depend on the time, and a refused code or token is not sent again.
        assert_eq!(sent_again(ClientAuth::Basic, ahead, 401, "invalid_client"), None);
        assert_eq!(sent_again(ClientAuth::PrivateKeyJwt, ahead, 400, "invalid_grant"), None);
        assert_eq!(sent_again(ClientAuth::PrivateKeyJwt, ahead, 200, "invalid_client"), None);
    }
    assert_eq!(sent_again(ClientAuth::PrivateKeyJwt, SignedDuration::ZERO, 401, "invalid_client"), None);
}

/// Where the app's certificate is presented: at each endpoint by its method, and everywhere if tokens are bound to it.
#[test]
fn a_certificate_is_presented_by_method_or_for_bound_tokens() {
    let now = "2026-03-02T12:00:00Z".parse().unwrap();
    let made = ClientCertificate::generate(KeyAlgorithm::Es256, "client", now).unwrap();
    let certificate = Arc::new(ClientCertificate::parse(&made).unwrap());
    let url = "https://id.example/t".parse().unwrap();
    let presented = |own: &[(&str, &str)], has: bool| {
        let (config, mut credentials) = (config(own), credentials());
        credentials.certificate = has.then(|| Arc::clone(&certificate));
        let method = method_at(config.revocation_auth, &config);
        let (request, _) = form_request(&url, &[("a", "b")], method, (&config, &credentials), now)?;
        assert!(!String::from_utf8_lossy(request.body()).contains("s&cret"));
        of_request(request.extensions(), now).map(|found| found.is_some())
    };
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        assert!(presented(&[("client_auth", method)], true).unwrap(), "{method}");
        let error = presented(&[("client_auth", method)], false).unwrap_err();
        assert!(error.to_string().contains("has no certificate"), "{error}");
        assert!(!presented(&[("client_auth", method), ("revocation_auth", "body")], true).unwrap());
    }
    assert!(!presented(&[("client_auth", "private_key_jwt")], true).unwrap());
    assert!(presented(&[("client_auth", "private_key_jwt"), ("certificate_bound", "true")], true).unwrap());
}
