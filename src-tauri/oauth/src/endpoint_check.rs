//! Tests an endpoint before an app uses it: whether it is reached, over TLS if it is remote, and whether it answers as
//! its kind of endpoint does. Nothing that identifies a client or a person is sent.

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::provider::{Body, is_loopback};
use grapnel_model::provider_text::clean;
use http::{Request, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::http::api::describe;
use crate::http::{Client, Failure, Limits, Reply};

/// The result of testing one setting of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct EndpointCheck {
    /// The key of the setting, such as `token_url`.
    pub key: String,
    /// Whether it works.
    pub outcome: CheckOutcome,
    /// What was found, as a sentence.
    pub found: String,
    /// What to do, if something is wrong.
    pub hint: Option<String>,
}

/// The outcome of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It works.
    Passed,
    /// It was reached, but its answer does not show that it works.
    Unclear,
    /// It does not work.
    Failed,
}

impl EndpointCheck {
    /// The result for a setting.
    pub fn new(key: &str, outcome: CheckOutcome, found: impl Into<String>) -> Self {
        Self { key: key.to_owned(), outcome, found: found.into(), hint: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Tests the token endpoint by a token request that names a grant type and nothing else, which every server refuses.
pub async fn check_token_endpoint(http: &Client, url: &Url, body: Body) -> EndpointCheck {
    check_form_endpoint(http, "token_url", url, body, ("grant_type", "authorization_code")).await
}

/// Tests the device authorization endpoint (RFC 8628 §3.1) by a request that names a scope and no client, which every
/// server refuses.
pub async fn check_device_endpoint(http: &Client, url: &Url, body: Body) -> EndpointCheck {
    check_form_endpoint(http, "device_authorization_url", url, body, ("scope", "openid")).await
}

async fn check_form_endpoint(
    http: &Client,
    key: &str,
    url: &Url,
    body: Body,
    parameter: (&str, &str),
) -> EndpointCheck {
    let form = form_urlencoded::Serializer::new(String::new()).append_pair(parameter.0, parameter.1).finish();
    let mut target = url.clone();
    let (content_type, bytes) = match body {
        Body::Form => ("application/x-www-form-urlencoded", form.into_bytes()),
        Body::Json => {
            let members = serde_json::Map::from_iter([(parameter.0.to_owned(), parameter.1.into())]);
            ("application/json", Value::Object(members).to_string().into_bytes())
        }
        Body::Query => {
            target.query_pairs_mut().append_pair(parameter.0, parameter.1);
            ("application/x-www-form-urlencoded", Vec::new())
        }
    };
    let request = Request::post(target.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, content_type)
        .body(bytes);
    match sent(http, key, url, request).await {
        Ok(reply) => of_token_endpoint(key, url, &reply),
        Err(failed) => failed,
    }
}

/// Tests any other endpoint by a GET without parameters.
pub async fn check_endpoint(http: &Client, key: &str, url: &Url) -> EndpointCheck {
    match sent(http, key, url, Request::get(url.as_str()).body(Vec::new())).await {
        Ok(reply) if key == "jwks_url" => of_key_set(url, &reply),
        Ok(reply) => of_endpoint(key, url, &reply),
        Err(failed) => failed,
    }
}

async fn sent(
    http: &Client,
    key: &str,
    url: &Url,
    request: Result<Request<Vec<u8>>, http::Error>,
) -> Result<Reply, EndpointCheck> {
    let failed = |failure: &Failure| {
        let error = failure.explain(&host(url));
        let check = EndpointCheck::new(key, CheckOutcome::Failed, error.message);
        EndpointCheck { hint: error.hint, ..check }
    };
    let request = request.map_err(|error| failed(&Failure::NotSent(error.to_string())))?;
    http.send(ExchangeKind::Discovery, request, Limits::IDENTITY).await.map_err(|failure| match failure {
        // A page that is too large to be read was reached.
        Failure::TooLarge(_) | Failure::TooMany(_) => {
            EndpointCheck::new(key, CheckOutcome::Unclear, format!("{} sent a long page.", reached(url)))
        }
        failure => failed(&failure),
    })
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Host and transport, as the beginning of a sentence.
fn reached(url: &Url) -> String {
    match url.scheme() {
        "https" => format!("{} (TLS, certificate trusted)", host(url)),
        _ if is_loopback(url) => format!("{} (this computer, no TLS)", host(url)),
        _ => host(url),
    }
}

/// What is wrong with an answer of any endpoint, if something is.
fn unusable(key: &str, url: &Url, reply: &Reply) -> Option<EndpointCheck> {
    let answered = format!("{} answered {}", reached(url), reply.status);
    let check = |outcome, found: String| Some(EndpointCheck::new(key, outcome, found));
    match reply.status {
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            check(CheckOutcome::Unclear, format!("{answered}."))
                .map(|check| check.hint("The provider may be unavailable right now. Test again later."))
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => check(CheckOutcome::Failed, format!("{answered}."))
            .map(|check| check.hint("Compare the URL with the provider’s documentation.")),
        _ => None,
    }
}

fn of_endpoint(key: &str, url: &Url, reply: &Reply) -> EndpointCheck {
    match unusable(key, url, reply) {
        // Paths begin with it; it is none itself.
        Some(check) if key == "api_base" && check.outcome == CheckOutcome::Failed => {
            let found = format!("{} was reached; it answers only below the base URL.", reached(url));
            EndpointCheck::new(key, CheckOutcome::Passed, found)
        }
        // Some sign-in pages, such as GitHub’s, do not exist without a client ID.
        Some(check) if key != "token_url" && check.outcome == CheckOutcome::Failed => EndpointCheck {
            outcome: CheckOutcome::Unclear,
            hint: Some(
                "Some providers do so without parameters. If it fails when used, compare the URL.".into(),
            ),
            ..check
        },
        Some(check) => check,
        None => {
            let why = match reply.status {
                status if status.is_success() || status.is_redirection() => "",
                // Only the authorization endpoint has to take one (RFC 6749 §3.1).
                StatusCode::METHOD_NOT_ALLOWED if key != "authorize_url" => {
                    ": it exists, and takes no GET, as expected"
                }
                _ => ": it exists, and refused a request without parameters",
            };
            let found = format!("{} answered {}{why}.", reached(url), reply.status);
            EndpointCheck::new(key, CheckOutcome::Passed, found)
        }
    }
}

fn of_token_endpoint(key: &str, url: &Url, reply: &Reply) -> EndpointCheck {
    let status = reply.status;
    let endpoint = if key == "token_url" { "token endpoint" } else { "device authorization endpoint" };
    if let Some(check) = unusable(key, url, reply) {
        return check;
    }
    if status.is_redirection() {
        let found = format!("{} answered {status}, a redirect, which was not followed.", reached(url));
        return EndpointCheck::new(key, CheckOutcome::Failed, found)
            .hint(format!("Enter the URL that it leads to, if that is the provider’s {endpoint}."));
    }
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(&reply.body) else {
        let is_form = reply.body.starts_with(b"error=");
        if is_form {
            let found = format!("{} refused the test as a {endpoint} does.", reached(url));
            return EndpointCheck::new(key, CheckOutcome::Passed, found);
        }
        let found = format!("{} answered {status} with a reply that is {}.", reached(url), describe(reply));
        return EndpointCheck::new(key, CheckOutcome::Failed, found)
            .hint(format!("This is no {endpoint}. Compare the URL with the provider’s documentation."));
    };
    let code = members.get("error").and_then(Value::as_str).map(|code| clean(code, &[]));
    if let Some(code) = code.filter(|code| !code.is_empty()) {
        let found = format!("{} refused the test as a {endpoint} does ({code}).", reached(url));
        return EndpointCheck::new(key, CheckOutcome::Passed, found);
    }
    // Slack and GroveStreams answer 200 to everything.
    if ["ok", "success"].iter().any(|name| members.get(*name) == Some(&Value::Bool(false))) {
        let found = format!("{} refused the test, with status {status}.", reached(url));
        return EndpointCheck::new(key, CheckOutcome::Passed, found);
    }
    let found = format!("{} answered {status} with JSON that names no OAuth error.", reached(url));
    let outcome = if status.is_success() { CheckOutcome::Unclear } else { CheckOutcome::Passed };
    EndpointCheck::new(key, outcome, found)
}

/// A JSON Web Key Set (RFC 7517 §5).
fn of_key_set(url: &Url, reply: &Reply) -> EndpointCheck {
    const KEY: &str = "jwks_url";
    if let Some(check) = unusable(KEY, url, reply) {
        return check;
    }
    let document: Option<Value> = serde_json::from_slice(&reply.body).ok();
    match document.as_ref().and_then(|document| document.get("keys")?.as_array()) {
        Some(keys) if reply.status.is_success() => {
            let count = if keys.len() == 1 { "1 key".to_owned() } else { format!("{} keys", keys.len()) };
            EndpointCheck::new(KEY, CheckOutcome::Passed, format!("{} published {count}.", reached(url)))
        }
        _ => {
            let found = format!("{} answered {}, and not with a key set (JWKS).", reached(url), reply.status);
            EndpointCheck::new(KEY, CheckOutcome::Failed, found)
                .hint("Signatures of ID tokens cannot be verified. Compare the URL with the documentation.")
        }
    }
}
