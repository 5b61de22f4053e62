//! Token requests (RFC 6749 §4.1.3, §4.4.2 and §6, RFC 7523 §2.1, RFC 8628 §3.4, RFC 8693 §2.1), sent through `oauth2`
//! and the provider's adapter.

use std::pin::Pin;
use std::time::Duration;

use grapnel_model::access_token::AccessTokenType;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::authorization_details::AuthorizationDetails;
use grapnel_model::derived_token::{TokenTarget, TokenType};
use grapnel_model::provider::{GrantConfig, GrantType, ProviderConfig};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::token_response::{Deviation, RedactedResponse};
use http::StatusCode;
use jiff::Timestamp;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, ExtraTokenFields,
    HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use url::Url;

use super::adapter::{self, Purpose};
use super::client::Client;
use super::client_authentication::time_of_refused_jwt;
use super::credentials::Credentials;
use super::dpop::{ProofRetries, ProofRetry, bind, retry_of};
use super::failure::Failure;
use super::host_permit::HostPermit;
use super::redacted_response;
use super::server_clock::time_if_assertion_is_refused;
use super::token_failure::TokenFailure;
use crate::refusal::Refusal;

/// What is exchanged for a grant.
pub enum TokenRequestKind {
    /// An authorization code, with the values it is bound to.
    Code {
        /// The authorization code.
        code: SecretString,
        /// The `state` of the sign-in.
        state: SecretString,
        /// The PKCE code verifier.
        verifier: Option<SecretString>,
        /// The redirect URI of the authorization request.
        redirect_uri: String,
    },
    /// A refresh token.
    Refresh(SecretString),
    /// A device code that may not have been approved yet (RFC 8628 §3.4).
    DeviceCode(SecretString),
    /// The client's own credentials (RFC 6749 §4.4.2).
    ClientCredentials {
        /// The requested scopes.
        scopes: Vec<String>,
    },
    /// An assertion that the client signs (RFC 7523 §2.1).
    JwtBearer {
        /// The requested scopes.
        scopes: Vec<String>,
    },
    /// An access token, for another one (RFC 8693 §2.1).
    TokenExchange {
        /// The access token.
        subject_token: SecretString,
        /// What the new token is for.
        target: TokenTarget,
    },
}

/// A successful token response, normalized.
pub struct Grant {
    /// The access token.
    pub access_token: SecretString,
    /// How it is sent.
    pub token_type: AccessTokenType,
    /// The refresh token, if one was issued.
    pub refresh_token: Option<SecretString>,
    /// When the access token expires, if the response says so.
    pub expires: Option<TokenEnd>,
    /// When the refresh token expires, if the response says so.
    pub refresh_expires: Option<TokenEnd>,
    /// The ID token, if one was issued.
    pub id_token: Option<SecretString>,
    /// The kind of token that a token exchange issued, if the response says so.
    pub issued_token_type: Option<String>,
    /// Whether the access token is sent to an API: not if a token exchange issued one of the type `N_A`.
    pub is_bearer: bool,
    /// The granted scopes, if the response names them.
    pub scopes: Option<Vec<String>>,
    /// The granted authorization details (RFC 9396 §7), if the response names them.
    pub authorization_details: Option<AuthorizationDetails>,
    /// The projects that the grant is limited to, if the response names them.
    pub project_ids: Option<Vec<String>>,
    /// Where the response departs from the RFC.
    pub deviations: Vec<Deviation>,
    /// The response with its secrets redacted.
    pub redacted_response: Option<RedactedResponse>,
}

/// When a token expires, as the response states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEnd {
    /// A lifetime from the time of the response.
    In(Duration),
    /// Unix time in seconds.
    At(i64),
}

/// A token request that yielded no grant.
#[derive(Debug)]
pub struct TokenRequestError {
    /// The reason.
    pub failure: TokenFailure,
    /// The redacted response, if one arrived.
    pub redacted_response: Option<RedactedResponse>,
}

impl Grant {
    /// The tokens of this grant, to be masked wherever a later response repeats them.
    pub fn secrets(&self) -> impl Iterator<Item = SecretString> + use<> {
        let access_token = Some(self.access_token.clone());
        [access_token, self.refresh_token.clone(), self.id_token.clone()].into_iter().flatten()
    }
}

/// The members of the response beyond RFC 6749.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Extra {
    project_ids: Option<Vec<String>>,
    authorization_details: Option<AuthorizationDetails>,
    expires_at: Option<i64>,
    refresh_expires_in: Option<u64>,
    refresh_expires_at: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    issued_token_type: Option<String>,
    /// Not serialized: `oauth2` prints and serializes the struct that contains this.
    #[serde(default, skip_serializing, deserialize_with = "text_or_none")]
    id_token: Option<SecretString>,
}
impl ExtraTokenFields for Extra {}

/// Reads a string; any other value becomes `None`, so that it does not fail the response.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(if let serde_json::Value::String(text) = value { Some(text) } else { None })
}

/// Reads a string that is a secret, like [`text`].
fn text_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(text(deserializer)?.map(SecretString::from))
}

pub(super) type Reply = StandardTokenResponse<Extra, BasicTokenType>;
pub(super) type Engine = oauth2::Client<
    BasicErrorResponse,
    Reply,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Sends a token request that the adapter has shaped.
pub(super) trait Transport: Sync {
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<super::Reply, Failure>> + Send;
}

/// The transport over the HTTP client.
pub(super) struct Network<'a> {
    pub(super) client: &'a Client,
    pub(super) kind: ExchangeKind,
    pub(super) token_url: &'a Url,
}

impl Transport for Network<'_> {
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<super::Reply, Failure>> + Send {
        self.client.send_for_token(self.kind, request, self.token_url)
    }
}

/// Obtains a grant for a code, a refresh token, a device code, the client's credentials or an access token. The permit
/// proves that the caller holds a slot of the host.
pub async fn request_token(
    client: &Client,
    _permit: &HostPermit,
    config: &ProviderConfig,
    credentials: &Credentials,
    kind: TokenRequestKind,
) -> Result<Grant, TokenRequestError> {
    let exchange_kind = match kind {
        TokenRequestKind::Code { .. }
        | TokenRequestKind::DeviceCode(_)
        | TokenRequestKind::ClientCredentials { .. }
        | TokenRequestKind::JwtBearer { .. } => ExchangeKind::Token,
        TokenRequestKind::Refresh(_) => ExchangeKind::Refresh,
        TokenRequestKind::TokenExchange { .. } => ExchangeKind::TokenExchange,
    };
    let network = Network { client, kind: exchange_kind, token_url: &config.token_url };
    let answered = request_token_over(&network, config, credentials, kind, client.now()).await;
    if let Err(TokenRequestError { failure, .. }) = &answered {
        client.reject(exchange_kind, &reason(failure));
    }
    answered
}

/// Why a token response is rejected.
pub(super) fn reason(failure: &TokenFailure) -> String {
    let error = match failure {
        TokenFailure::Refused { status, error, description } => {
            Refusal { status: Some(*status), error, description: description.as_deref() }.explain(PROVIDER)
        }
        TokenFailure::Failed(failure) => failure.explain(PROVIDER),
    };
    error.message
}

/// What an exchange calls the provider.
const PROVIDER: &str = "The provider";

/// Like [`request_token`], over any transport.
pub(super) async fn request_token_over(
    transport: &impl Transport,
    config: &ProviderConfig,
    credentials: &Credentials,
    kind: TokenRequestKind,
    now: Timestamp,
) -> Result<Grant, TokenRequestError> {
    let mut sent = secrets_of(credentials, &kind);
    sent.extend(config.token_secrets());
    let purpose = match &kind {
        TokenRequestKind::Code { state, .. } => Purpose::Exchange { state: &state.clone() },
        TokenRequestKind::Refresh(_) => Purpose::Refresh,
        TokenRequestKind::DeviceCode(_) => Purpose::Obtain { grant_type: GrantType::DeviceCode },
        TokenRequestKind::ClientCredentials { .. } => {
            Purpose::Obtain { grant_type: GrantType::ClientCredentials }
        }
        TokenRequestKind::JwtBearer { scopes } => Purpose::JwtBearer { scopes: scopes.clone() },
        TokenRequestKind::TokenExchange { target, .. } => Purpose::TokenExchange {
            names_service: !(target.audiences.is_empty() && target.resources.is_empty()),
        },
    };
    let endpoint = Endpoint {
        transport,
        config,
        credentials,
        purpose,
        now,
        sent: Mutex::new(sent),
        noted: Mutex::default(),
        redacted_response: Mutex::default(),
    };
    let engine = engine(config, credentials);
    let reply = match kind {
        TokenRequestKind::Code { code, verifier, redirect_uri, .. } => {
            let redirect = RedirectUrl::new(redirect_uri)
                .map_err(|error| TokenRequestError { failure: not_sent(&error), redacted_response: None })?;
            let mut request = engine
                .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
                .set_redirect_uri(std::borrow::Cow::Owned(redirect));
            if let Some(verifier) = verifier {
                request =
                    request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
            }
            request.request_async(&endpoint).await
        }
        TokenRequestKind::Refresh(token) => {
            let token = RefreshToken::new(token.expose_secret().to_owned());
            engine.exchange_refresh_token(&token).request_async(&endpoint).await
        }
        // `oauth2` would poll in a loop of its own, which no restart survives. This sends one request, to which the
        // adapter gives the grant type.
        TokenRequestKind::DeviceCode(code) => {
            let request = engine.exchange_client_credentials();
            request.add_extra_param("device_code", code.expose_secret()).request_async(&endpoint).await
        }
        TokenRequestKind::ClientCredentials { scopes } => {
            let scopes = scopes.into_iter().map(Scope::new);
            engine.exchange_client_credentials().add_scopes(scopes).request_async(&endpoint).await
        }
        TokenRequestKind::JwtBearer { scopes } => {
            let is_claim = matches!(&config.grant, GrantConfig::JwtBearer(own) if own.has_scope);
            let scopes = scopes.into_iter().filter(|_| !is_claim).map(Scope::new);
            engine.exchange_client_credentials().add_scopes(scopes).request_async(&endpoint).await
        }
        TokenRequestKind::TokenExchange { subject_token, target } => {
            let mut request =
                engine.exchange_client_credentials().add_scopes(target.scopes.into_iter().map(Scope::new));
            let values =
                |name: &'static str, all: Vec<String>| all.into_iter().map(move |value| (name, value));
            let services = values("resource", target.resources).chain(values("audience", target.audiences));
            let kind = target.token_type.map(|kind| ("requested_token_type", kind.identifier().to_owned()));
            for (name, value) in services.chain(kind) {
                request = request.add_extra_param(name, value);
            }
            request
                .add_extra_param("subject_token", subject_token.expose_secret())
                .add_extra_param("subject_token_type", TokenType::AccessToken.identifier())
                .request_async(&endpoint)
                .await
        }
    };
    let noted = endpoint.noted.into_inner();
    let redacted_response = endpoint.redacted_response.into_inner();
    match reply {
        Ok(reply) => {
            let mut grant = grant(&reply, noted, redacted_response);
            if credentials.dpop.is_some() && grant.token_type == AccessTokenType::Bearer {
                grant.deviations.push(Deviation {
                    member: "token_type".into(),
                    found: "was Bearer: the token is not bound to the connection’s key (DPoP)".into(),
                });
            }
            Ok(grant)
        }
        Err(error) => Err(TokenRequestError { failure: failure(error), redacted_response }),
    }
}

fn not_sent(error: &dyn std::fmt::Display) -> TokenFailure {
    Failure::NotSent(error.to_string()).into()
}

/// The token endpoint as the HTTP client of `oauth2`, with the adapter around it.
struct Endpoint<'a, T> {
    transport: &'a T,
    config: &'a ProviderConfig,
    credentials: &'a Credentials,
    purpose: Purpose<'a>,
    now: Timestamp,
    /// The secrets of the request, to be masked if the response repeats them.
    sent: Mutex<Vec<SecretString>>,
    noted: Mutex<Vec<Deviation>>,
    redacted_response: Mutex<Option<RedactedResponse>>,
}

impl<'c, T: Transport> AsyncHttpClient<'c> for Endpoint<'_, T> {
    type Error = TokenFailure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TokenFailure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (method, key) = (self.config.client_auth, self.credentials.dpop.as_ref());
            let (mut retries, mut now) = (ProofRetries::default(), self.now);
            let reply = loop {
                let (mut request, credentials) =
                    adapter::shape(request.clone(), self.config, self.credentials, &self.purpose, now)?;
                self.sent.lock().extend(credentials);
                if let Some(key) = key {
                    bind(request.extensions_mut(), key, None, Some(now));
                }
                let reply = self.transport.send(request).await?;
                let of_jwt = match self.purpose {
                    Purpose::JwtBearer { .. } => time_if_assertion_is_refused(&reply, now),
                    _ => time_of_refused_jwt(method, now, &reply),
                };
                let retry = key.and_then(|_| retry_of(&reply, now)).or_else(|| of_jwt.map(ProofRetry::Clock));
                match retry.filter(|retry| retries.allow(*retry)) {
                    Some(ProofRetry::Clock(server)) => now = server,
                    Some(ProofRetry::Nonce) => {}
                    None => break reply,
                }
            };
            let sent = self.sent.lock();
            *self.redacted_response.lock() = Some(redacted_response::masked(&reply, &sent));
            let sent = (sent.as_slice(), self.credentials.dpop.is_some());
            adapter::normalize(&reply, self.config, sent, &mut self.noted.lock())
        })
    }
}

/// The client at the token endpoint. It leaves client authentication to the adapter.
pub(super) fn engine(config: &ProviderConfig, credentials: &Credentials) -> Engine {
    oauth2::Client::new(ClientId::new(credentials.client_id.clone()))
        .set_token_uri(TokenUrl::from_url(config.token_url.clone()))
        .set_auth_type(AuthType::RequestBody)
}

fn grant(reply: &Reply, deviations: Vec<Deviation>, redacted_response: Option<RedactedResponse>) -> Grant {
    let extra = reply.extra_fields();
    Grant {
        access_token: reply.access_token().secret().as_str().into(),
        token_type: match reply.token_type() {
            BasicTokenType::Extension(kind) if kind.eq_ignore_ascii_case("dpop") => AccessTokenType::Dpop,
            _ => AccessTokenType::Bearer,
        },
        refresh_token: reply.refresh_token().map(|token| token.secret().as_str().into()),
        expires: reply.expires_in().map(TokenEnd::In).or(extra.expires_at.map(TokenEnd::At)),
        refresh_expires: extra
            .refresh_expires_in
            .map(|seconds| TokenEnd::In(Duration::from_secs(seconds)))
            .or(extra.refresh_expires_at.map(TokenEnd::At)),
        id_token: extra.id_token.clone(),
        issued_token_type: extra.issued_token_type.clone(),
        is_bearer: !matches!(reply.token_type(), BasicTokenType::Extension(kind) if kind == adapter::NOT_APPLICABLE),
        scopes: reply.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        authorization_details: extra.authorization_details.clone(),
        project_ids: extra.project_ids.clone(),
        deviations,
        redacted_response,
    }
}

fn failure(error: RequestTokenError<TokenFailure, BasicErrorResponse>) -> TokenFailure {
    match error {
        RequestTokenError::Request(failure) => failure,
        // After the adapter, `oauth2` is given nothing but grants.
        _ => Failure::Strange("not one of a token endpoint".into(), StatusCode::OK).into(),
    }
}

/// All secrets in the request.
fn secrets_of(credentials: &Credentials, kind: &TokenRequestKind) -> Vec<SecretString> {
    let asked = match kind {
        TokenRequestKind::Code { code, state, verifier, .. } => {
            [Some(code.clone()), Some(state.clone()), verifier.clone()]
        }
        TokenRequestKind::Refresh(token) | TokenRequestKind::DeviceCode(token) => {
            [Some(token.clone()), None, None]
        }
        TokenRequestKind::TokenExchange { subject_token, .. } => [Some(subject_token.clone()), None, None],
        TokenRequestKind::ClientCredentials { .. } | TokenRequestKind::JwtBearer { .. } => [None, None, None],
    };
    asked.into_iter().chain([credentials.client_secret.clone()]).flatten().collect()
}

#[cfg(test)]
mod exchange_tests;
#[cfg(test)]
mod tests;
