//! Calls of a provider's API: JSON with a bearer token (RFC 6750), which no redirect carries elsewhere.

use http::{Method, Request, StatusCode, header};
use serde_json::Value;
use url::Url;

use super::{Client, Failure, Limits, Reply, clean};
use crate::secret::{ExposeSecret, SecretString};

/// Why an API gave nothing.
#[derive(Debug)]
pub(crate) enum ApiFailure {
    /// The API said no: the status, and its own code and words for it where it gave any.
    Refused { status: StatusCode, code: String },
    /// There was no usable reply.
    Failed(Failure),
}

/// Calls `path` below `base`: a `POST` of `body` where there is one, else a `GET`.
pub(crate) async fn call(
    client: &Client,
    base: &Url,
    path: &str,
    token: &SecretString,
    body: Option<&Value>,
    limits: Limits,
) -> Result<Value, ApiFailure> {
    let address = format!("{}/{path}", base.as_str().trim_end_matches('/'));
    let mut authorization = header::HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .map_err(|_| {
            ApiFailure::Failed(Failure::NotSent("the token has characters that cannot be sent".into()))
        })?;
    authorization.set_sensitive(true);
    let request = Request::builder()
        .method(if body.is_some() { Method::POST } else { Method::GET })
        .uri(address)
        .header(header::AUTHORIZATION, authorization)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map(|body| body.to_string().into_bytes()).unwrap_or_default())
        .map_err(|error| ApiFailure::Failed(Failure::NotSent(error.to_string())))?;
    let reply = client.send(request, limits).await.map_err(ApiFailure::Failed)?;
    read(&reply, token)
}

fn read(reply: &Reply, token: &SecretString) -> Result<Value, ApiFailure> {
    let status = reply.status;
    if status.is_redirection() {
        let what = "a redirect to another address, which was not followed".into();
        return Err(ApiFailure::Failed(Failure::Strange(what, status)));
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(ApiFailure::Failed(Failure::Unavailable(status, reply.retry_after)));
    }
    let parsed = serde_json::from_slice::<Value>(&reply.body);
    if !status.is_success() {
        let code = parsed.ok().as_ref().and_then(|value| value.get("error")?.as_str().map(str::to_owned));
        let code = clean(&code.unwrap_or_default(), &[token.expose_secret()]);
        return Err(ApiFailure::Refused { status, code });
    }
    parsed.map_err(|_| ApiFailure::Failed(Failure::Strange(describe(reply), status)))
}

fn describe(reply: &Reply) -> String {
    let start = reply.body.trim_ascii_start();
    if start.is_empty() {
        "empty".into()
    } else if start.starts_with(b"<") || reply.content_type.starts_with("text/html") {
        "a web page (HTML) instead of JSON".into()
    } else {
        "cut off, or not JSON".into()
    }
}
