//! Client authentication (RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2), the same at every endpoint: token, revocation,
//! introspection, pushed authorization requests.

use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::error::{Error, NextStep};
use grapnel_model::provider::{AssertionAudience, ClientAuth, Need, ProviderConfig};
use grapnel_model::secret::{ExposeSecret, SecretString, random};
use http::{HeaderMap, HeaderValue, Method, Request, header};
use jiff::Timestamp;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::client::Client;
use super::credentials::Credentials;
use super::failure::Failure;
use super::limits::Limits;
use super::presented_certificate::present_at_endpoint;
use super::response::Reply;
use super::server_clock::time_if_client_is_refused;
use crate::retry::after;
use crate::signing_key::sign_with_secret;

/// How long a client's JWT is valid. It is made for one request; some servers refuse longer ones.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Parameters of a request, in order.
pub(super) type Parameters = Vec<(String, String)>;

/// Adds the client's ID and credentials to a request, as `method` says. Returns the form in which HTTP Basic or a JWT
/// carries them: a response may repeat it.
///
/// # Errors
/// The app has nothing to sign a JWT with.
pub(super) fn authenticate(
    method: ClientAuth,
    config: &ProviderConfig,
    credentials: &Credentials,
    now: Timestamp,
    (headers, parameters): (&mut HeaderMap, &mut Parameters),
) -> Result<Option<SecretString>, Failure> {
    if config.client_id == Need::Absent {
        return Ok(None);
    }
    let id = &credentials.client_id;
    let mut add = |name: &str, value: &str| parameters.push((name.to_owned(), value.to_owned()));
    match (method, &credentials.client_secret) {
        (ClientAuth::Basic | ClientAuth::BasicRaw, Some(secret)) => {
            let (value, sent) = basic(method, id, secret)?;
            headers.insert(header::AUTHORIZATION, value);
            return Ok(Some(sent));
        }
        (ClientAuth::SecretJwt | ClientAuth::PrivateKeyJwt, _) => {
            let assertion = assertion(method, config, credentials, now)?;
            add("client_id", id);
            add("client_assertion_type", ASSERTION_TYPE);
            add("client_assertion", assertion.expose_secret());
            return Ok(Some(assertion));
        }
        // The endpoint's own method; an app with this method sends no ID either.
        (ClientAuth::None, _) => {
            if config.client_auth != ClientAuth::None {
                add("client_id", id);
            }
        }
        // The TLS connection proves the rest (RFC 8705 §2).
        (ClientAuth::TlsClientAuth | ClientAuth::SelfSignedTlsClientAuth, _) => add("client_id", id),
        (ClientAuth::Body | ClientAuth::Basic | ClientAuth::BasicRaw, secret) => {
            add("client_id", id);
            if let Some(secret) = secret {
                add("client_secret", secret.expose_secret());
            }
        }
    }
    Ok(None)
}

/// Builds a form request that authenticates the client. Returns what [`authenticate`] returns, too.
pub(super) fn form_request(
    url: &Url,
    parameters: &[(&str, &str)],
    method: ClientAuth,
    (config, credentials): (&ProviderConfig, &Credentials),
    now: Timestamp,
) -> Result<(Request<Vec<u8>>, Option<SecretString>), Failure> {
    let mut pairs: Parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let sent = authenticate(method, config, credentials, now, (&mut headers, &mut pairs))?;
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let mut request = Request::new(form.into_bytes());
    *request.method_mut() = Method::POST;
    *request.uri_mut() =
        url.as_str().parse().map_err(|_| Failure::NotSent("its address is no URI".into()))?;
    *request.headers_mut() = headers;
    present_at_endpoint(request.extensions_mut(), method, (config, credentials))?;
    Ok((request, sent))
}

/// How the client authenticates at an endpoint that may declare its own method. `BasicRaw` is a property of the
/// provider and applies to all endpoints.
pub(super) fn method_at(own: Option<ClientAuth>, config: &ProviderConfig) -> ClientAuth {
    match own {
        _ if config.client_auth == ClientAuth::None => ClientAuth::None,
        Some(ClientAuth::Basic) if config.client_auth == ClientAuth::BasicRaw => ClientAuth::BasicRaw,
        own => own.unwrap_or(config.client_auth),
    }
}

/// HTTP Basic (RFC 7617) as a header, and the credentials in it. Both halves are form-encoded (RFC 6749 §2.3.1), except
/// for `BasicRaw`.
fn basic(
    method: ClientAuth,
    id: &str,
    secret: &SecretString,
) -> Result<(HeaderValue, SecretString), Failure> {
    let encoded = |text: &str| match method {
        ClientAuth::BasicRaw => text.to_owned(),
        _ => form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>(),
    };
    let pair = BASE64_STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret.expose_secret())));
    let value = HeaderValue::from_str(&format!("Basic {pair}"));
    let mut value = value.map_err(|error| Failure::NotSent(error.to_string()))?;
    value.set_sensitive(true);
    Ok((value, pair.into()))
}

/// The JWT by which the client authenticates (RFC 7523 §3).
fn assertion(
    method: ClientAuth,
    config: &ProviderConfig,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<SecretString, Failure> {
    let token_url = config.token_url.as_str();
    let audience = match &config.assertion_audience {
        AssertionAudience::Other(own) => own,
        AssertionAudience::TokenUrl => token_url,
        AssertionAudience::Default | AssertionAudience::Issuer => {
            config.issuer.as_deref().unwrap_or(token_url)
        }
    };
    let claims = json!({
        "iss": credentials.client_id,
        "sub": credentials.client_id,
        "aud": audience,
        "jti": BASE64_URL_SAFE_NO_PAD.encode(random::<16>()),
        "iat": now.as_second(),
        "exp": after(now, ASSERTION_LIFETIME).as_second(),
    });
    let missing = |what: &str, hint: &str| Failure::Blocked {
        reason: format!("the app has no {what}, by which the client authenticates"),
        advice: hint.to_owned(),
        next_step: Some(NextStep::EditApp),
    };
    let signed = match (method, &credentials.client_secret, &credentials.private_key) {
        (ClientAuth::SecretJwt, Some(secret), _) => sign_with_secret(secret, &claims),
        (ClientAuth::SecretJwt, None, _) => {
            return Err(missing("client secret", "Edit the app, and enter its client secret."));
        }
        (_, _, Some(key)) => key.sign(&claims),
        (_, _, None) => {
            return Err(missing("private key", "Edit the app; saving it makes a private key."));
        }
    };
    signed.map_err(|error: Error| Failure::NotSent(error.message))
}

/// Sends a form request that authenticates the client, a second time if [`time_of_refused_jwt`] says so. Returns what
/// [`authenticate`] returns, too.
pub(super) async fn send_form(
    client: &Client,
    (kind, limits): (ExchangeKind, Limits),
    (url, parameters): (&Url, &[(&str, &str)]),
    method: ClientAuth,
    (config, credentials): (&ProviderConfig, &Credentials),
) -> Result<(Reply, Vec<SecretString>), Failure> {
    let (begun, mut secrets) = (client.now(), Vec::new());
    let mut now = begun;
    loop {
        let (request, sent) = form_request(url, parameters, method, (config, credentials), now)?;
        secrets.extend(sent);
        let reply = client.send(kind, request, limits).await?;
        match time_of_refused_jwt(method, now, &reply) {
            Some(server) if now == begun => now = server,
            _ => return Ok((reply, secrets)),
        }
    }
}

/// The time at which to send a request once more, if the server refused the client's JWT for its time.
pub(super) fn time_of_refused_jwt(method: ClientAuth, now: Timestamp, reply: &Reply) -> Option<Timestamp> {
    if method.is_assertion() { time_if_client_is_refused(reply, now) } else { None }
}

#[cfg(test)]
mod tests;
