//! Dynamic client registration (RFC 7591), and the client configuration endpoint (RFC 7592).

use grapnel_model::access_token::AccessTokenType;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::provider::endpoint;
use grapnel_model::provider_text::clean;
use grapnel_model::registration::RegistrationChange;
use grapnel_model::secret::{ExposeSecret, SecretString};
use http::{Method, Request, header};
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use super::api::{authorization, describe};
use super::client::Client;
use super::failure::{Failure, is_busy};
use super::limits::Limits;
use super::response::Reply;
use super::token_failure::TokenFailure;

/// The longest accepted ID, secret or token in bytes.
const MAX_CREDENTIAL_BYTES: usize = 4096;

/// The members of a client (RFC 7591 §2), by name.
pub type ClientMetadata = Map<String, Value>;

/// Where a registered client is read, updated and deleted (RFC 7592 §2), and the token for that.
pub struct ClientConfiguration {
    /// The client configuration endpoint.
    pub uri: Url,
    /// The registration access token.
    pub token: SecretString,
}

/// A client information response (RFC 7591 §3.2.1), checked and cleaned: all of it comes from outside.
pub struct RegisteredClient {
    /// The client ID.
    pub client_id: String,
    /// The client secret, if one was issued.
    pub client_secret: Option<SecretString>,
    /// When the client secret expires, if it does.
    pub secret_expires_at: Option<Timestamp>,
    /// The client authentication at the token endpoint, if the response names it.
    pub auth_method: Option<String>,
    /// Where the client is configured, if the provider offers that.
    pub configuration: Option<ClientConfiguration>,
    /// An address for that which is not used, since it is not at the origin of the registration endpoint.
    pub refused_uri: Option<String>,
    /// What is registered differently than it was asked for.
    pub changes: Vec<RegistrationChange>,
}

/// Registers a client at `endpoint` (RFC 7591 §3.1). Some providers require an initial access token for it.
///
/// # Errors
/// The provider refuses, or gives no usable response.
pub async fn register(
    client: &Client,
    endpoint: &Url,
    initial_access_token: Option<&SecretString>,
    metadata: &ClientMetadata,
) -> Result<RegisteredClient, TokenFailure> {
    let reply = send(client, (Method::POST, endpoint), initial_access_token, Some(metadata)).await?;
    read_response(&reply, (endpoint, initial_access_token), metadata)
}

/// Reads a registered client (RFC 7592 §2.1), and compares it with `metadata`.
///
/// # Errors
/// The provider refuses, or gives no usable response. The status 401 means that it does not know the client any more.
pub async fn read(
    client: &Client,
    at: &ClientConfiguration,
    metadata: &ClientMetadata,
) -> Result<RegisteredClient, TokenFailure> {
    let reply = send(client, (Method::GET, &at.uri), Some(&at.token), None).await?;
    read_response(&reply, (&at.uri, Some(&at.token)), metadata)
}

/// Replaces the members of a registered client (RFC 7592 §2.2).
///
/// # Errors
/// As for [`read`].
pub async fn update(
    client: &Client,
    at: &ClientConfiguration,
    client_id: &str,
    metadata: &ClientMetadata,
) -> Result<RegisteredClient, TokenFailure> {
    let mut sent = metadata.clone();
    sent.insert("client_id".into(), client_id.into());
    let reply = send(client, (Method::PUT, &at.uri), Some(&at.token), Some(&sent)).await?;
    read_response(&reply, (&at.uri, Some(&at.token)), metadata)
}

/// Deletes a registered client (RFC 7592 §2.3).
///
/// # Errors
/// As for [`read`].
pub async fn delete(client: &Client, at: &ClientConfiguration) -> Result<(), TokenFailure> {
    let reply = send(client, (Method::DELETE, &at.uri), Some(&at.token), None).await?;
    if reply.status.is_success() { Ok(()) } else { Err(refusal(&reply, &[at.token.expose_secret()])) }
}

async fn send(
    client: &Client,
    (method, url): (Method, &Url),
    token: Option<&SecretString>,
    body: Option<&ClientMetadata>,
) -> Result<Reply, Failure> {
    let mut request = Request::builder().method(method).uri(url.as_str());
    request = request.header(header::ACCEPT, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, authorization(AccessTokenType::Bearer, token)?);
    }
    let body = match body {
        Some(members) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            serde_json::to_vec(members).map_err(|error| Failure::NotSent(error.to_string()))?
        }
        None => Vec::new(),
    };
    let request = request.body(body).map_err(|error| Failure::NotSent(error.to_string()))?;
    client.send(ExchangeKind::Registration, request, Limits::TOKEN).await
}

/// The failure of a response that is no success.
fn refusal(reply: &Reply, secrets: &[&str]) -> TokenFailure {
    let status = reply.status;
    if is_busy(status) {
        return Failure::Unavailable(status, reply.retry_after).into();
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let text = |member: &str| body[member].as_str().map(|text| clean(text, secrets));
    TokenFailure::Refused {
        status,
        error: text("error").unwrap_or_default(),
        description: text("error_description"),
    }
}

fn read_response(
    reply: &Reply,
    (asked, token): (&Url, Option<&SecretString>),
    metadata: &ClientMetadata,
) -> Result<RegisteredClient, TokenFailure> {
    let status = reply.status;
    let sent: Vec<&str> = token.iter().map(|token| token.expose_secret()).collect();
    if !status.is_success() {
        return Err(refusal(reply, &sent));
    }
    let strange = |what: &str| TokenFailure::from(Failure::Strange(what.to_owned(), status));
    let Ok(Value::Object(client)) = serde_json::from_slice(&reply.body) else {
        return Err(strange(&describe(reply)));
    };
    let text = |member: &str| client.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(client_id) = text("client_id").filter(|id| is_credential(id)) else {
        return Err(strange("one without a usable client_id"));
    };
    let client_secret = match text("client_secret") {
        Some(secret) if !is_credential(secret) => return Err(strange("one with an unusable client_secret")),
        secret => secret.map(SecretString::from),
    };
    // Zero means that it does not expire (RFC 7591 §3.2.1).
    let expires = client.get("client_secret_expires_at").and_then(Value::as_i64).filter(|time| *time > 0);
    let secrets: Vec<&str> = [text("client_secret"), text("registration_access_token")]
        .into_iter()
        .flatten()
        .chain(sent)
        .collect();
    let (configuration, refused_uri) = configuration(asked, &client, &secrets);
    Ok(RegisteredClient {
        client_id: client_id.to_owned(),
        secret_expires_at: expires
            .filter(|_| client_secret.is_some())
            .and_then(|time| Timestamp::from_second(time).ok()),
        client_secret,
        auth_method: text("token_endpoint_auth_method").map(str::to_owned),
        configuration,
        refused_uri,
        changes: changes(metadata, &client, &secrets),
    })
}

/// The client configuration endpoint with its token; or a URL that is not used. The token must go to nobody but the
/// server that issued it, and the URL is stored and shown, so it must contain no secret.
fn configuration(
    asked: &Url,
    client: &Map<String, Value>,
    secrets: &[&str],
) -> (Option<ClientConfiguration>, Option<String>) {
    let text = |member: &str| client.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(address) = text("registration_client_uri") else { return (None, None) };
    let is_shown = |uri: &Url| !secrets.iter().any(|secret| uri.as_str().contains(secret));
    let uri = endpoint("registration_client_uri", address).ok();
    let uri = uri.filter(|uri| uri.origin() == asked.origin() && is_shown(uri));
    match (uri, text("registration_access_token")) {
        (None, _) => (None, Some(clean(address, secrets))),
        (Some(uri), Some(token))
            if token.len() <= MAX_CREDENTIAL_BYTES
                && authorization(AccessTokenType::Bearer, &token.into()).is_ok() =>
        {
            (Some(ClientConfiguration { uri, token: token.into() }), None)
        }
        _ => (None, None),
    }
}

/// A client ID or secret (RFC 6749 appendix A: VSCHAR).
fn is_credential(text: &str) -> bool {
    text.len() <= MAX_CREDENTIAL_BYTES && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// The members whose values matter to Grapnel.
const COMPARED: &[&str] =
    &["redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method", "scope"];

/// The members that are registered with another value than asked for. A member that the response leaves out is taken to
/// be as asked for. A URI that is written differently is another one; the order of lists does not matter, and neither
/// do scopes that nobody asked for.
fn changes(asked: &ClientMetadata, client: &Map<String, Value>, secrets: &[&str]) -> Vec<RegistrationChange> {
    let words = |value: Option<&Value>| -> Vec<String> {
        let mut words: Vec<String> = match value {
            Some(Value::String(text)) => text.split(' ').map(str::to_owned).collect(),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        words.retain(|word| !word.is_empty());
        words.sort();
        words.dedup();
        words
    };
    let differs = |member: &str| {
        let (asked, registered) = (words(asked.get(member)), words(client.get(member)));
        if member == "scope" {
            asked.iter().any(|scope| !registered.contains(scope))
        } else {
            asked != registered
        }
    };
    let differing = COMPARED
        .iter()
        .filter(|member| client.get(**member).is_some_and(|value| !value.is_null()) && differs(member));
    let shown = |words: Vec<String>| clean(&words.join(" "), secrets);
    differing
        .map(|member| RegistrationChange {
            member: (*member).to_owned(),
            asked: shown(words(asked.get(*member))),
            registered: shown(words(client.get(*member))),
        })
        .collect()
}

#[cfg(test)]
mod tests;
