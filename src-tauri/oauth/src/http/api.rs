//! Calls of a provider's API: JSON with an access token (RFC 6750, RFC 9449), userinfo, introspection (RFC 7662) and
//! revocation (RFC 7009). No redirect is followed, so that a token stays with its host.

use std::sync::Arc;

use grapnel_model::access_token::AccessTokenType;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::provider::{ClientAuth, ProviderConfig};
use grapnel_model::provider_text::clean;
use grapnel_model::secret::{ExposeSecret, SecretString};
use http::{HeaderValue, Method, Request, StatusCode, header};
use serde_json::Value;
use url::Url;

use super::client::{Client, Progress};
use super::client_authentication::{method_at, send_form};
use super::credentials::Credentials;
use super::dpop::{self, ProofRetry};
use super::failure::Failure;
use super::limits::Limits;
use super::mask::Mask;
use super::presented_certificate::present;
use super::redacted_response;
use super::response::Reply;
use crate::client_certificate::ClientCertificate;
use crate::dpop::DpopKey;

/// Why an API call failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiFailure {
    /// The API responded with an error.
    #[error("it answered {}{}", status.as_u16(), if code.is_empty() { String::new() } else { format!(" ({code})") })]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The API's error code; empty if there is none.
        code: String,
    },
    /// There was no usable response.
    #[error("{0}")]
    Failed(Failure),
}

/// Calls `path` below `base`: a `POST` of `body` if there is one, otherwise a `GET`. Secrets in the response are
/// masked.
pub async fn call(
    client: &Client,
    base: &Url,
    path: &str,
    token: &ApiToken,
    body: Option<&Value>,
    limits: Limits,
    mask: &Mask,
) -> Result<Value, ApiFailure> {
    let request = request(base, path, token, body)?;
    let reply = client.send(ExchangeKind::Api, request, limits).await.map_err(ApiFailure::Failed)?;
    let reply = masked(reply, mask).await;
    if reply.body.len() < BLOCKING_PARSE_BYTES {
        return noted(client, ExchangeKind::Api, read(&reply, &token.value));
    }
    let token = token.value.clone();
    match tokio::task::spawn_blocking(move || read(&reply, &token)).await {
        Ok(read) => noted(client, ExchangeKind::Api, read),
        Err(_) => Err(ApiFailure::Failed(Failure::Lost("reading it was interrupted".into()))),
    }
}

/// What was read of a response. If that is nothing, the observer learns why.
fn noted<T>(client: &Client, kind: ExchangeKind, read: Result<T, ApiFailure>) -> Result<T, ApiFailure> {
    read.inspect_err(|failure| {
        let reason = match failure {
            ApiFailure::Refused { code, .. } => format!("The API refused with the error “{code}”."),
            ApiFailure::Failed(failure) => failure.explain("The provider").message,
        };
        client.reject(kind, &reason);
    })
}

/// From this size in bytes, a response is masked and parsed on a blocking thread, since it would hold up the async
/// runtime.
const BLOCKING_PARSE_BYTES: usize = 64 << 10;

/// Posts `body` to `path` below `base` and returns the response unparsed: it may be long, and the caller parses it on a
/// blocking thread. Secrets in it are masked.
pub async fn fetch(
    client: &Client,
    base: &Url,
    path: &str,
    token: &ApiToken,
    body: &Value,
    heard: &Progress<'_>,
    mask: &Mask,
) -> Result<Reply, ApiFailure> {
    let request = request(base, path, token, Some(body))?;
    let reply = client
        .send_with_progress(ExchangeKind::Api, request, Limits::POSTS, heard)
        .await
        .map_err(ApiFailure::Failed)?;
    let reply = masked(reply, mask).await;
    if reply.status.is_success() {
        return Ok(reply);
    }
    let strange = unexpected_response(&reply);
    noted(client, ExchangeKind::Api, Err(read(&reply, &token.value).err().unwrap_or(strange)))
}

/// Masks the connection's secrets in the body.
async fn masked(mut reply: Reply, mask: &Mask) -> Reply {
    let body = std::mem::take(&mut reply.body);
    reply.body = if body.len() < BLOCKING_PARSE_BYTES {
        mask.json(body)
    } else {
        let mask = mask.clone();
        // This task fails only while the program shuts down.
        tokio::task::spawn_blocking(move || mask.json(body)).await.unwrap_or_default()
    };
    reply
}

/// An access token with what it is sent with.
#[derive(Clone)]
pub struct ApiToken {
    /// The access token.
    pub value: SecretString,
    /// The key that it is bound to; `None` for a bearer token.
    pub key: Option<Arc<DpopKey>>,
    /// The TLS certificate that it is bound to (RFC 8705 §3).
    pub certificate: Option<Arc<ClientCertificate>>,
}

impl ApiToken {
    /// How it is sent.
    pub fn token_type(&self) -> AccessTokenType {
        match (&self.key, &self.certificate) {
            (Some(_), _) => AccessTokenType::Dpop,
            (None, Some(_)) => AccessTokenType::CertificateBound,
            (None, None) => AccessTokenType::Bearer,
        }
    }

    /// Puts the token into the header `Authorization` (RFC 6750 §2.1, RFC 9449 §7.1), which no log shows, and has the
    /// client send its proof and present its certificate. `retry` is how the server refused the last proof.
    ///
    /// # Errors
    ///
    /// If the token has characters that a header cannot carry.
    pub fn authorize<B>(&self, request: &mut Request<B>, retry: Option<ProofRetry>) -> Result<(), Failure> {
        let value = authorization(self.token_type(), &self.value)?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
        if let Some(key) = &self.key {
            let at = retry.and_then(ProofRetry::clock);
            dpop::bind(request.extensions_mut(), key, Some(&self.value), at);
        }
        if let Some(certificate) = &self.certificate {
            present(request.extensions_mut(), certificate);
        }
        Ok(())
    }
}

/// The value of the header `Authorization` with a token, which no log shows.
///
/// # Errors
///
/// If the token has characters that a header cannot carry.
pub(super) fn authorization(kind: AccessTokenType, token: &SecretString) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::from_str(&format!("{} {}", kind.name(), token.expose_secret()));
    let mut value =
        value.map_err(|_| Failure::NotSent("the token has characters that cannot be sent".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn request(
    base: &Url,
    path: &str,
    token: &ApiToken,
    body: Option<&Value>,
) -> Result<Request<Vec<u8>>, ApiFailure> {
    let base = base.as_str();
    let address =
        if path.is_empty() { base.to_owned() } else { format!("{}/{path}", base.trim_end_matches('/')) };
    let mut request = Request::builder()
        .method(if body.is_some() { Method::POST } else { Method::GET })
        .uri(address)
        .body(body.map(|body| body.to_string().into_bytes()).unwrap_or_default())
        .map_err(|error| not_sent(&error))?;
    token.authorize(&mut request, None).map_err(ApiFailure::Failed)?;
    for name in [header::ACCEPT, header::CONTENT_TYPE] {
        request.headers_mut().insert(name, HeaderValue::from_static("application/json"));
    }
    Ok(request)
}

/// The response of a userinfo endpoint (OpenID Connect Core §5.3.2).
pub enum Userinfo {
    /// Claims as JSON.
    Claims(Value),
    /// A JWT with the claims. The caller verifies its signature.
    Signed(String),
}

/// Calls a userinfo endpoint by GET, and by POST if it responds 400 or 405 to GET.
pub async fn userinfo(
    client: &Client,
    url: &Url,
    token: &ApiToken,
    mask: &Mask,
) -> Result<Userinfo, ApiFailure> {
    let ask = async |method: Method| {
        let mut request = request(url, "", token, None)?;
        *request.method_mut() = method;
        request.headers_mut().remove(header::CONTENT_TYPE);
        let accepted = HeaderValue::from_static("application/json, application/jwt");
        request.headers_mut().insert(header::ACCEPT, accepted);
        client.send(ExchangeKind::Userinfo, request, Limits::IDENTITY).await.map_err(ApiFailure::Failed)
    };
    let mut reply = ask(Method::GET).await?;
    if matches!(reply.status, StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED) {
        reply = ask(Method::POST).await?;
    }
    if reply.status.is_success() && reply.content_type.starts_with("application/jwt") {
        let token = String::from_utf8(reply.body).unwrap_or_default();
        return Ok(Userinfo::Signed(token.trim().to_owned()));
    }
    let read = read(&masked(reply, mask).await, &token.value);
    noted(client, ExchangeKind::Userinfo, read).map(Userinfo::Claims)
}

/// Reads a public JSON document, such as a provider's keys. No token is sent, since another host may serve it.
pub async fn read_public(client: &Client, url: &Url) -> Result<Value, ApiFailure> {
    let request = Request::get(url.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|error| not_sent(&error))?;
    let reply =
        client.send(ExchangeKind::Jwks, request, Limits::IDENTITY).await.map_err(ApiFailure::Failed)?;
    noted(client, ExchangeKind::Jwks, read(&reply, &SecretString::default()))
}

fn read(reply: &Reply, token: &SecretString) -> Result<Value, ApiFailure> {
    let status = reply.status;
    if status.is_redirection() {
        let what = "a redirect to another address, which was not followed".into();
        return Err(ApiFailure::Failed(Failure::Strange(what, status)));
    }
    let parsed = serde_json::from_slice::<Value>(&reply.body);
    // JSON-RPC reports errors with any HTTP status; the code in the body decides.
    let code = parsed.as_ref().ok().and_then(|value| error_code(value.get("error")?));
    let is_rpc = parsed.as_ref().is_ok_and(|value| value.get("jsonrpc").is_some());
    if !is_rpc && (status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS) {
        return Err(ApiFailure::Failed(Failure::Unavailable(status, reply.retry_after)));
    }
    if !status.is_success() || (is_rpc && code.is_some()) {
        let code = clean(&code.unwrap_or_default(), &[token.expose_secret()]);
        return Err(ApiFailure::Refused { status, code });
    }
    parsed.map_err(|_| unexpected_response(reply))
}

/// The failure for a response that is not the expected JSON.
pub fn unexpected_response(reply: &Reply) -> ApiFailure {
    ApiFailure::Failed(Failure::Strange(describe(reply), reply.status))
}

/// The API's error code: a string, or the `code` number of a JSON-RPC error.
fn error_code(error: &Value) -> Option<String> {
    match error {
        Value::String(code) => Some(code.clone()),
        Value::Object(members) => members.get("code").map(ToString::to_string),
        _ => None,
    }
}

/// Introspects an access token (RFC 7662) with the client's credentials. Secrets in the response are masked.
pub async fn introspect(
    client: &Client,
    url: &Url,
    config: &ProviderConfig,
    credentials: &Credentials,
    token: &SecretString,
    mask: &Mask,
) -> Result<Value, ApiFailure> {
    let asked = Asked {
        kind: ExchangeKind::Introspection,
        limits: Limits::IDENTITY,
        method: config.introspection_auth,
    };
    let (reply, secrets) =
        about_token(client, url, &asked, (config, credentials), (token, "access_token")).await?;
    let reply = masked(reply, &Mask::of(secrets)).await;
    noted(client, ExchangeKind::Introspection, read(&masked(reply, mask).await, token))
}

/// Revokes a token (RFC 7009) with the client's credentials. A token that the provider does not know counts as revoked.
/// An error has neither the secrets that were sent nor those in the response.
pub async fn revoke(
    client: &Client,
    url: &Url,
    config: &ProviderConfig,
    credentials: &Credentials,
    token: &SecretString,
    hint: &str,
) -> Result<(), ApiFailure> {
    let asked =
        Asked { kind: ExchangeKind::Revocation, limits: Limits::TOKEN, method: config.revocation_auth };
    let (reply, mut secrets) = about_token(client, url, &asked, (config, credentials), (token, hint)).await?;
    if reply.status.is_success() {
        return Ok(());
    }
    secrets.extend(redacted_response::received_secrets(&reply));
    let read = read(&masked(reply, &Mask::of(secrets)).await, token);
    noted(client, ExchangeKind::Revocation, read).map(drop)
}

/// A request about a token, authenticated as the client.
struct Asked {
    kind: ExchangeKind,
    limits: Limits,
    /// The endpoint's own method of client authentication.
    method: Option<ClientAuth>,
}

/// Sends a form request about a token. Returns the secrets in it, too, also in the form that HTTP Basic or a JWT gives
/// the client's.
async fn about_token(
    client: &Client,
    url: &Url,
    asked: &Asked,
    (config, credentials): (&ProviderConfig, &Credentials),
    (token, hint): (&SecretString, &str),
) -> Result<(Reply, Vec<SecretString>), ApiFailure> {
    let method = method_at(asked.method, config);
    let parameters = [("token", token.expose_secret()), ("token_type_hint", hint)];
    let asked =
        send_form(client, (asked.kind, asked.limits), (url, &parameters), method, (config, credentials));
    let (reply, mut secrets) = asked.await.map_err(ApiFailure::Failed)?;
    secrets.push(token.clone());
    secrets.extend(credentials.client_secret.clone());
    Ok((reply, secrets))
}

fn not_sent(error: &dyn std::fmt::Display) -> ApiFailure {
    ApiFailure::Failed(Failure::NotSent(error.to_string()))
}

/// Describes a response that is not the expected JSON.
pub fn describe(reply: &Reply) -> String {
    let start = reply.body.trim_ascii_start();
    if start.is_empty() {
        "empty".into()
    } else if start.starts_with(b"<") || reply.content_type.starts_with("text/html") {
        "a web page (HTML) instead of JSON".into()
    } else {
        "cut off, or not JSON".into()
    }
}

#[cfg(test)]
mod tests {
    use grapnel_model::provider::Profile;
    use jiff::Timestamp;

    use super::*;
    use crate::http::client_authentication::form_request;

    #[test]
    fn a_client_without_authentication_sends_no_stored_secret() {
        let custom = Profile::find("custom").unwrap();
        let asked = |client_auth: &str, introspection_auth: &str| {
            let set = [
                ("authorize_url", "https://provider.example/a"),
                ("token_url", "https://provider.example/t"),
                ("client_auth", client_auth),
                ("introspection_auth", introspection_auth),
            ];
            let set = set.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
            let config = custom.config(&set).unwrap();
            let credentials = Credentials {
                client_id: "id".into(),
                client_secret: Some("held-secret".into()),
                private_key: None,
                dpop: None,
                certificate: None,
            };
            let url = "https://provider.example/introspect".parse().unwrap();
            let method = method_at(config.introspection_auth, &config);
            let (request, _) = form_request(
                &url,
                &[("token", "at")],
                method,
                (&config, &credentials),
                Timestamp::UNIX_EPOCH,
            )
            .unwrap();
            let authorization = request.headers().get(header::AUTHORIZATION).is_some();
            (String::from_utf8(request.into_body()).unwrap().contains("held-secret"), authorization)
        };
        assert_eq!(asked("none", ""), (false, false));
        assert_eq!(asked("none", "basic"), (false, false));
        assert_eq!(asked("body", ""), (true, false));
        assert_eq!(asked("body", "basic"), (false, true));
        assert_eq!(asked("basic", ""), (false, true));
        assert_eq!(asked("basic", "none"), (false, false));
    }
}
