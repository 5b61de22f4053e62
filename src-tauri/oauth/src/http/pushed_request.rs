//! Pushed authorization requests (PAR, RFC 9126): the parameters go to the provider directly, and the browser carries
//! only a reference to them.

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::provider::{ClientAuth, ProviderConfig};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::api::describe;
use super::client::Client;
use super::client_authentication::{method_at, send_form};
use super::credentials::Credentials;
use super::failure::{Failure, is_busy};
use super::limits::Limits;
use super::response::Reply;
use super::token::reason;
use super::token_failure::TokenFailure;

/// The longest accepted reference in bytes: it becomes part of a URL.
const MAX_REFERENCE_BYTES: usize = 2048;

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    error_description: Option<String>,
}

/// Pushes the parameters of an authorization request to `url`; returns the reference to them (`request_uri`), which the
/// provider accepts once and for a short time.
///
/// # Errors
/// The provider refuses the request or the client, or gives no usable response.
pub async fn push(
    client: &Client,
    url: &Url,
    config: &ProviderConfig,
    credentials: &Credentials,
    parameters: &[(String, String)],
) -> Result<String, TokenFailure> {
    let method = method_at(None, config);
    let parameters = sent(method, credentials, parameters);
    let asked = (ExchangeKind::PushedAuthorization, Limits::TOKEN);
    let (reply, secrets) =
        send_form(client, asked, (url, &parameters), method, (config, credentials)).await?;
    let pushed = read(&reply, secrets.iter().chain(&credentials.client_secret));
    pushed.inspect_err(|failure| client.reject(ExchangeKind::PushedAuthorization, &reason(failure)))
}

/// The parameters beside those of the client authentication. An authorization request has the client ID whatever that
/// is (RFC 9126 §2.1); most methods bring it.
fn sent<'p>(
    method: ClientAuth,
    credentials: &Credentials,
    parameters: &'p [(String, String)],
) -> Vec<(&'p str, &'p str)> {
    let brings_id = !matches!(method, ClientAuth::None | ClientAuth::Basic | ClientAuth::BasicRaw)
        || (method != ClientAuth::None && credentials.client_secret.is_none());
    let others = parameters.iter().filter(|(name, _)| name != "client_id" || !brings_id);
    others.map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn read<'s>(reply: &Reply, sent: impl IntoIterator<Item = &'s SecretString>) -> Result<String, TokenFailure> {
    let status = reply.status;
    if is_busy(status) {
        return Err(Failure::Unavailable(status, reply.retry_after).into());
    }
    let secrets: Vec<&str> = sent.into_iter().map(ExposeSecret::expose_secret).collect();
    if let Ok(Refused { error, error_description }) = serde_json::from_slice(&reply.body) {
        return Err(TokenFailure::Refused {
            status,
            error: clean(&error, &secrets),
            description: error_description.map(|text| clean(&text, &secrets)),
        });
    }
    let pushed = serde_json::from_slice::<Pushed>(&reply.body).ok().filter(|_| status.is_success());
    let usable = |text: &String| {
        !text.is_empty()
            && text.len() <= MAX_REFERENCE_BYTES
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match pushed.map(|pushed| pushed.request_uri).filter(usable) {
        Some(reference) => Ok(reference),
        None if status.is_success() && serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok() => {
            Err(Failure::Strange("one without a usable request_uri".into(), status).into())
        }
        None => Err(Failure::Strange(describe(reply), status).into()),
    }
}

#[cfg(test)]
mod tests {
    use grapnel_model::provider::Profile;
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::http::client_authentication::form_request;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            content_type: "application/json".into(),
            retry_after: None,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    /// The request of RFC 9126 §2.1.
    #[test]
    fn the_request_of_the_rfc_is_sent() {
        let own = [
            ("authorize_url", "https://as.example.com/authorize"),
            ("token_url", "https://as.example.com/token"),
            ("client_auth", "basic"),
        ];
        let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let config = Profile::find("custom").unwrap().config(&own.into()).unwrap();
        let credentials = Credentials {
            client_id: "s6BhdRkqt3".into(),
            client_secret: Some("7Fjfp0ZBr1KtDRbnfVdmIw".into()),
            private_key: None,
            dpop: None,
            certificate: None,
        };
        let body = "response_type=code&state=af0ifjsldkj&client_id=s6BhdRkqt3\
            &redirect_uri=https%3A%2F%2Fclient.example.org%2Fcb\
            &code_challenge=K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U\
            &code_challenge_method=S256&scope=account-information";
        let parameters: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let url = Url::parse("https://as.example.com/as/par").unwrap();
        let method = method_at(None, &config);
        let parameters = sent(method, &credentials, &parameters);
        let now = jiff::Timestamp::UNIX_EPOCH;
        let (request, _) = form_request(&url, &parameters, method, (&config, &credentials), now).unwrap();
        assert_eq!((request.method().as_str(), request.uri().to_string()), ("POST", url.to_string()));
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        let basic = "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3";
        assert_eq!(request.headers()["authorization"], basic);
        assert_eq!(String::from_utf8_lossy(request.body()), body);
    }

    /// The response of RFC 9126 §2.2.
    #[test]
    fn the_response_of_the_rfc_is_read() {
        let uri = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c";
        let body = format!(r#"{{"request_uri": "{uri}", "expires_in": 60}}"#);
        assert_eq!(read(&reply(201, &body), None).unwrap(), uri);
    }

    #[test]
    fn each_unusable_response_has_its_reason() {
        let secret = SecretString::from("a-client-secret");
        let cases = [
            (
                400,
                r#"{"error": "invalid_request", "error_description": "The redirect_uri is wrong: a-client-secret"}"#,
            ),
            (401, r#"{"error": "invalid_client"}"#),
            (201, r#"{"request_uri": ""}"#),
            (201, "{\"request_uri\": \"urn:a\\nb\"}"),
            (201, r#"{"request_uri": 7}"#),
            (201, ""),
            (200, "<html>"),
            (405, "no"),
            (503, "{}"),
            (408, "{}"),
            (425, "{}"),
        ];
        let said = cases.map(|(status, body)| {
            let failure = read(&reply(status, body), Some(&secret)).unwrap_err();
            assert!(!format!("{failure:?}").contains("a-client-secret"));
            format!("{status} {body}\n  {failure:?}")
        });
        insta::assert_snapshot!(said.join("\n"));
    }
}
