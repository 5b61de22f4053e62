//! The token endpoint (RFC 6749 §4.1.3 and §6), asked through the protocol engine.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};

use super::adapter::{self, Purpose};
use super::{Client, Deviation, Failure, Limits, Seen, Turn, clean, seen};
use crate::provider::{ClientAuth, Conventions};
use crate::secret::{ExposeSecret, SecretString};

/// How the client is known to the provider.
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretString>,
}

/// What is brought to the token endpoint.
pub(crate) enum Ask {
    /// The code from a callback, with what it is bound to.
    Code { code: SecretString, state: SecretString, verifier: Option<SecretString>, redirect_uri: String },
    /// A refresh token.
    Refresh(SecretString),
}

/// What the token endpoint answered.
pub(crate) struct Grant {
    pub(crate) access_token: SecretString,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) expires_in: Option<Duration>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) project_ids: Option<Vec<String>>,
    pub(crate) deviations: Vec<Deviation>,
    /// The reply as it may be shown.
    pub(crate) seen: Option<Seen>,
}

/// Why there is no grant.
#[derive(Debug)]
pub(crate) enum TokenFailure {
    /// The provider said no, in OAuth's words (RFC 6749 §5.2).
    Refused { error: String, description: Option<String> },
    /// There was no usable reply.
    Failed(Failure),
}

/// The reply's members beyond RFC 6749.
#[derive(Debug, Serialize, Deserialize)]
struct Extra {
    project_ids: Option<Vec<String>>,
}
impl ExtraTokenFields for Extra {}

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

/// Exchanges a code or a refresh token for a grant, by a turn at the endpoint.
pub(crate) async fn ask(
    client: &Client,
    _turn: &Turn,
    conventions: &Conventions,
    credentials: &Credentials,
    ask: Ask,
) -> Result<Grant, TokenFailure> {
    let secrets = secrets_of(credentials, &ask);
    let purpose = match &ask {
        Ask::Code { state, .. } => Purpose::Exchange { state: &state.clone() },
        Ask::Refresh(_) => Purpose::Refresh,
    };
    let endpoint = Endpoint { client, conventions, purpose, noted: Mutex::default(), seen: Mutex::default() };
    let engine = engine(conventions, credentials);
    let reply = match ask {
        Ask::Code { code, verifier, redirect_uri, .. } => {
            let redirect = RedirectUrl::new(redirect_uri)
                .map_err(|error| TokenFailure::Failed(Failure::NotSent(error.to_string())))?;
            let mut request = engine
                .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
                .set_redirect_uri(std::borrow::Cow::Owned(redirect));
            if let Some(verifier) = verifier {
                request =
                    request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
            }
            request.request_async(&endpoint).await
        }
        Ask::Refresh(token) => {
            let token = RefreshToken::new(token.expose_secret().to_owned());
            engine.exchange_refresh_token(&token).request_async(&endpoint).await
        }
    };
    let noted = endpoint.noted.into_inner().unwrap_or_else(PoisonError::into_inner);
    let seen = endpoint.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    reply.map(|reply| grant(&reply, noted, seen)).map_err(|error| failure(error, &secrets))
}

/// The token endpoint as the engine's HTTP client: the adapter before and behind it.
struct Endpoint<'a> {
    client: &'a Client,
    conventions: &'a Conventions,
    purpose: Purpose<'a>,
    noted: Mutex<Vec<Deviation>>,
    seen: Mutex<Option<Seen>>,
}

impl<'c> AsyncHttpClient<'c> for Endpoint<'_> {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = adapter::shape(request, self.conventions, &self.purpose)
                .map_err(|error| Failure::NotSent(error.to_string()))?;
            let reply = self.client.send(request, Limits::TOKEN).await?;
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen::masked(&reply);
            adapter::normalize(
                &reply,
                self.conventions,
                &mut self.noted.lock().unwrap_or_else(PoisonError::into_inner),
            )
        })
    }
}

fn engine(conventions: &Conventions, credentials: &Credentials) -> Engine {
    let engine = oauth2::Client::new(ClientId::new(credentials.client_id.clone()))
        .set_token_uri(TokenUrl::from_url(conventions.token_url.clone()))
        .set_auth_type(match conventions.client_auth {
            ClientAuth::Body | ClientAuth::None => AuthType::RequestBody,
            ClientAuth::Basic => AuthType::BasicAuth,
        });
    match &credentials.client_secret {
        Some(secret) => engine.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
        None => engine,
    }
}

fn grant(reply: &Reply, deviations: Vec<Deviation>, seen: Option<Seen>) -> Grant {
    Grant {
        access_token: reply.access_token().secret().as_str().into(),
        refresh_token: reply.refresh_token().map(|token| token.secret().as_str().into()),
        expires_in: reply.expires_in(),
        scopes: reply.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        project_ids: reply.extra_fields().project_ids.clone(),
        deviations,
        seen,
    }
}

fn failure(error: RequestTokenError<Failure, BasicErrorResponse>, secrets: &[SecretString]) -> TokenFailure {
    let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    match error {
        RequestTokenError::ServerResponse(response) => TokenFailure::Refused {
            error: clean(response.error().as_ref(), &secrets),
            description: response.error_description().map(|text| clean(text, &secrets)),
        },
        RequestTokenError::Request(failure) => TokenFailure::Failed(failure),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            TokenFailure::Failed(Failure::Strange("not one of a token endpoint".into(), http::StatusCode::OK))
        }
    }
}

/// Everything secret that goes out, so that a provider that echoes it cannot make it be shown or stored.
fn secrets_of(credentials: &Credentials, ask: &Ask) -> Vec<SecretString> {
    let asked = match ask {
        Ask::Code { code, verifier, .. } => [Some(code.clone()), verifier.clone()],
        Ask::Refresh(token) => [Some(token.clone()), None],
    };
    asked.into_iter().chain([credentials.client_secret.clone()]).flatten().collect()
}
