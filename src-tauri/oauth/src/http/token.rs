//! The token endpoint (RFC 6749 §4.1.3 and §6), asked through the protocol engine.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use grapnel_model::provider::{ClientAuth, ProviderConfig};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::token_response::{Deviation, RedactedResponse};
use http::StatusCode;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::adapter::{self, Purpose};
use super::client::Client;
use super::failure::Failure;
use super::host_permit::HostPermit;
use super::redacted_response;
use super::token_failure::TokenFailure;

/// How the client is known to the provider.
pub struct Credentials {
    /// The client id.
    pub client_id: String,
    /// The client secret; none for a public client.
    pub client_secret: Option<SecretString>,
}

/// What is brought to the token endpoint.
pub enum TokenRequestKind {
    /// The code from a callback, with what it is bound to.
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
}

/// What the token endpoint answered.
pub struct Grant {
    /// The access token.
    pub access_token: SecretString,
    /// The refresh token, if one was issued.
    pub refresh_token: Option<SecretString>,
    /// When the access token expires, if the response says so.
    pub expires: Option<TokenEnd>,
    /// When the refresh token expires, if the response says so.
    pub refresh_expires: Option<TokenEnd>,
    /// The ID token, if one was issued.
    pub id_token: Option<SecretString>,
    /// The granted scopes, if the response names them.
    pub scopes: Option<Vec<String>>,
    /// The projects that the grant is limited to, if the response names them.
    pub project_ids: Option<Vec<String>>,
    /// Where the response departs from the RFC.
    pub deviations: Vec<Deviation>,
    /// The reply as it may be shown.
    pub seen: Option<RedactedResponse>,
}

/// When a token ends, as a reply says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEnd {
    /// So long after the reply.
    In(Duration),
    /// At this second of Unix time.
    At(i64),
}

/// A request that brought no grant.
#[derive(Debug)]
pub struct TokenRequestError {
    /// Why.
    pub failure: TokenFailure,
    /// The reply as it may be shown, where one came.
    pub seen: Option<RedactedResponse>,
}

impl Grant {
    /// The tokens of this grant, which a later response may repeat: none is shown or stored unencrypted.
    pub fn secrets(&self) -> impl Iterator<Item = SecretString> + use<> {
        let access_token = Some(self.access_token.clone());
        [access_token, self.refresh_token.clone(), self.id_token.clone()].into_iter().flatten()
    }
}

/// The reply's members beyond RFC 6749.
#[derive(Debug, Serialize, Deserialize)]
struct Extra {
    project_ids: Option<Vec<String>>,
    expires_at: Option<i64>,
    refresh_expires_in: Option<u64>,
    refresh_expires_at: Option<i64>,
    /// Read only: what this is in is printed and written by its library.
    #[serde(default, skip_serializing, deserialize_with = "text_or_none")]
    id_token: Option<SecretString>,
}
impl ExtraTokenFields for Extra {}

/// Text; what is none is nothing, and no reason to refuse the reply.
fn text_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(if let serde_json::Value::String(text) = value { Some(text.into()) } else { None })
}

type Reply = StandardTokenResponse<Extra, BasicTokenType>;
type Engine = oauth2::Client<
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

/// What takes a request that has been shaped to the token endpoint.
pub(super) trait Transport: Sync {
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<super::Reply, Failure>> + Send;
}

/// The network.
struct Network<'a> {
    client: &'a Client,
    token_url: &'a Url,
}

impl Transport for Network<'_> {
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<super::Reply, Failure>> + Send {
        self.client.send_for_token(request, self.token_url)
    }
}

/// Exchanges a code or a refresh token for a grant, by a turn at the endpoint.
pub async fn ask(
    client: &Client,
    _turn: &HostPermit,
    config: &ProviderConfig,
    credentials: &Credentials,
    ask: TokenRequestKind,
) -> Result<Grant, TokenRequestError> {
    let network = Network { client, token_url: &config.token_url };
    ask_by(&network, config, credentials, ask).await
}

/// The same, by any transport.
pub(super) async fn ask_by(
    transport: &impl Transport,
    config: &ProviderConfig,
    credentials: &Credentials,
    ask: TokenRequestKind,
) -> Result<Grant, TokenRequestError> {
    let mut sent = secrets_of(credentials, &ask);
    sent.extend(config.token_secrets());
    let purpose = match &ask {
        TokenRequestKind::Code { state, .. } => Purpose::Exchange { state: &state.clone() },
        TokenRequestKind::Refresh(_) => Purpose::Refresh,
    };
    let endpoint =
        Endpoint { transport, config, purpose, sent, noted: Mutex::default(), seen: Mutex::default() };
    let engine = engine(config, credentials);
    let reply = match ask {
        TokenRequestKind::Code { code, verifier, redirect_uri, .. } => {
            let redirect = RedirectUrl::new(redirect_uri)
                .map_err(|error| TokenRequestError { failure: not_sent(&error), seen: None })?;
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
    };
    let noted = endpoint.noted.into_inner().unwrap_or_else(PoisonError::into_inner);
    let seen = endpoint.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    match reply {
        Ok(reply) => Ok(grant(&reply, noted, seen)),
        Err(error) => Err(TokenRequestError { failure: failure(error), seen }),
    }
}

fn not_sent(error: &dyn std::fmt::Display) -> TokenFailure {
    Failure::NotSent(error.to_string()).into()
}

/// The token endpoint as the engine's HTTP client: the adapter before and behind it.
struct Endpoint<'a, T> {
    transport: &'a T,
    config: &'a ProviderConfig,
    purpose: Purpose<'a>,
    /// Everything secret that goes out, so that a reply which repeats it cannot make it be shown or stored.
    sent: Vec<SecretString>,
    noted: Mutex<Vec<Deviation>>,
    seen: Mutex<Option<RedactedResponse>>,
}

impl<'c, T: Transport> AsyncHttpClient<'c> for Endpoint<'_, T> {
    type Error = TokenFailure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TokenFailure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request =
                adapter::shape(request, self.config, &self.purpose).map_err(|error| not_sent(&error))?;
            let reply = self.transport.send(request).await?;
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(redacted_response::masked(&reply, &self.sent));
            adapter::normalize(
                &reply,
                self.config,
                &self.sent,
                &mut self.noted.lock().unwrap_or_else(PoisonError::into_inner),
            )
        })
    }
}

fn engine(config: &ProviderConfig, credentials: &Credentials) -> Engine {
    let engine = oauth2::Client::new(ClientId::new(credentials.client_id.clone()))
        .set_token_uri(TokenUrl::from_url(config.token_url.clone()))
        .set_auth_type(match config.client_auth {
            // The adapter takes what is to go raw out of the body.
            ClientAuth::Body | ClientAuth::BasicRaw | ClientAuth::None => AuthType::RequestBody,
            ClientAuth::Basic => AuthType::BasicAuth,
        });
    match &credentials.client_secret {
        Some(secret) => engine.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
        None => engine,
    }
}

fn grant(reply: &Reply, deviations: Vec<Deviation>, seen: Option<RedactedResponse>) -> Grant {
    let extra = reply.extra_fields();
    Grant {
        access_token: reply.access_token().secret().as_str().into(),
        refresh_token: reply.refresh_token().map(|token| token.secret().as_str().into()),
        expires: reply.expires_in().map(TokenEnd::In).or(extra.expires_at.map(TokenEnd::At)),
        refresh_expires: extra
            .refresh_expires_in
            .map(|seconds| TokenEnd::In(Duration::from_secs(seconds)))
            .or(extra.refresh_expires_at.map(TokenEnd::At)),
        id_token: extra.id_token.clone(),
        scopes: reply.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        project_ids: extra.project_ids.clone(),
        deviations,
        seen,
    }
}

fn failure(error: RequestTokenError<TokenFailure, BasicErrorResponse>) -> TokenFailure {
    match error {
        RequestTokenError::Request(failure) => failure,
        // The adapter leaves the engine nothing else but grants.
        _ => Failure::Strange("not one of a token endpoint".into(), StatusCode::OK).into(),
    }
}

/// Everything secret that goes out.
fn secrets_of(credentials: &Credentials, ask: &TokenRequestKind) -> Vec<SecretString> {
    let asked = match ask {
        TokenRequestKind::Code { code, state, verifier, .. } => {
            [Some(code.clone()), Some(state.clone()), verifier.clone()]
        }
        TokenRequestKind::Refresh(token) => [Some(token.clone()), None, None],
    };
    asked.into_iter().chain([credentials.client_secret.clone()]).flatten().collect()
}
