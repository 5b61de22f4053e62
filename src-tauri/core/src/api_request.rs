//! A person's or a program's own requests to a connection's API. The access token is attached here, and only for the
//! allowed hosts. Requests and responses are streamed, so that their size is not bounded by memory.

mod body;
mod input;
mod response;
mod target;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::access_token::{AccessToken, AccessTokenType};
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::{Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::{Pagination, Profile};
use grapnel_model::secret::SecretString;
use grapnel_oauth::dpop::ProvenRequest;
use grapnel_oauth::http::{ProofRetries, ProofRetry, retry_after_of};
use grapnel_oauth::retry::after;
use http::{HeaderMap, Method, Request, StatusCode};
use parking_lot::{Mutex, MutexGuard};
use url::Url;

use crate::context::Context;
use crate::grant;
use crate::refresh::{self, CurrentToken};
use crate::signed_in::SignedIn;
use crate::token_exchange;

pub use body::RequestBody;
pub use input::{parse_header, parse_method};
pub use response::ApiResponse;
pub use target::AllowedHost;

/// A supplied token is not sent if it expires within this time, since it could expire in transit.
const LEEWAY: Duration = Duration::from_secs(30);
/// The minimum pause before a request is repeated, even if an API asks for less.
const MIN_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// A request to a connection's API, without its access token.
#[derive(Debug)]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The URL, from [`ApiClient::resolve`].
    pub url: Url,
    /// Its headers. `Authorization` is replaced.
    pub headers: HeaderMap,
    /// Its body.
    pub body: RequestBody,
}

/// An access token with the proof of one request.
#[derive(Debug)]
pub struct ProvenToken {
    /// The token.
    pub token: AccessToken,
    /// The value of the header `DPoP`.
    pub proof: SecretString,
}

/// How long a request waits.
pub struct Waiting<'a> {
    /// For the head of each response.
    pub response: Duration,
    /// In total for a server that responds 429 or 503 with `Retry-After`. Zero: not at all.
    pub retry_after: Duration,
    /// Called before each such wait with its duration.
    pub on_retry: &'a (dyn Fn(StatusCode, Duration) + Send + Sync),
}

/// A client for a person's own requests to a connection's API.
#[derive(Clone)]
pub struct ApiClient {
    ctx: Arc<Context>,
    id: ConnectionId,
    allowed: Vec<AllowedHost>,
    /// A supplied token, until it expires or is rejected.
    given: Arc<Mutex<Option<CurrentToken>>>,
}

impl ApiClient {
    /// The API of a connection. Tokens may also go to the `allowed` hosts.
    pub(crate) fn new(ctx: &Arc<Context>, id: &ConnectionId, allowed: Vec<AllowedHost>) -> Self {
        Self { ctx: Arc::clone(ctx), id: id.clone(), allowed, given: Arc::default() }
    }

    /// Sends the access token that `ask` returns, such as the token agent's, as long as it is valid and not rejected.
    /// The vault need not be opened for it.
    pub fn with_token_of(self, ask: impl FnOnce() -> Option<AccessToken>) -> Result<Self> {
        // Read before the token is requested: if the token then belongs to a newer grant, a rejected request is
        // repeated once with that grant's token instead of a refresh.
        let row = SignedIn::load(&self.ctx, &self.id)?.connection;
        let version = row.version;
        // A token that is bound is sent with a proof or a certificate, which the token agent does not have.
        if row.token_metadata().is_some_and(|held| held.token_type() == AccessTokenType::Bearer) {
            let given = |token| CurrentToken { token, version, key: None, certificate: None };
            *self.lock_given() = ask().map(given);
        }
        Ok(self)
    }

    fn lock_given(&self) -> MutexGuard<'_, Option<CurrentToken>> {
        self.given.lock()
    }

    async fn token(&self) -> Result<CurrentToken> {
        let soon = after(self.ctx.time.now(), LEEWAY);
        let given = {
            let mut given = self.lock_given();
            let _expired = given.take_if(|given| given.token.expires_at.is_some_and(|end| end <= soon));
            given.clone()
        };
        match given {
            Some(given) => Ok(given),
            None => refresh::access_token(&self.ctx, &self.id, Duration::ZERO).await,
        }
    }

    /// The profile of the connection's provider, with the known endpoints of its API.
    pub fn profile(&self) -> Result<&'static Profile> {
        Profile::find(&SignedIn::load(&self.ctx, &self.id)?.app.row.provider)
    }

    /// The provider's name in a sentence.
    pub fn provider(&self) -> Result<String> {
        SignedIn::load(&self.ctx, &self.id)?.app.provider()
    }

    /// How the API splits a long list into pages, if that is known.
    pub fn pagination(&self) -> Result<Option<Pagination>> {
        Ok(SignedIn::load(&self.ctx, &self.id)?.app.config()?.pagination.clone())
    }

    /// Resolves `target`, which is a path below the API base or a URL.
    ///
    /// # Errors
    ///
    /// If `target` is a path and the app has no API base, or if the URL's host must not get the token.
    pub fn resolve(&self, target: &str) -> Result<Url> {
        let app = SignedIn::load(&self.ctx, &self.id)?.app;
        target::resolve(target, app.config()?, &app.provider()?, &self.allowed)
    }

    /// Whether a URL may get the connection's access token.
    ///
    /// # Errors
    ///
    /// If the token was issued for other hosts than the app's current ones.
    pub fn accepts(&self, url: &Url) -> Result<bool> {
        let SignedIn { connection, app } = *SignedIn::load(&self.ctx, &self.id)?;
        grant::may_be_sent(connection.allowed_origins.as_ref(), app.config()?)?;
        Ok(target::check(url, app.config()?, &self.allowed).is_ok())
    }

    /// The origins that may get the token, such as `https://api.example`.
    pub fn origins(&self) -> Result<BTreeSet<String>> {
        let app = SignedIn::load(&self.ctx, &self.id)?.app;
        let allowed = self.allowed.iter().map(AllowedHost::origin);
        Ok(app.config()?.api_origins().map(|own| own.ascii_serialization()).chain(allowed).collect())
    }

    /// Sends a request with a fresh access token, and returns once the response's head has arrived. After a 401,
    /// refreshes and repeats the request once if its body can be sent again; after 429 and 503, waits as long as
    /// `Retry-After` says. Follows no redirect.
    ///
    /// # Errors
    ///
    /// If the URL must not get the token, if there is no token or no replacement for a rejected one, or if there is no
    /// response. A response with an error status is not an error here.
    pub async fn send(&self, mut request: ApiRequest, waiting: &Waiting<'_>) -> Result<ApiResponse> {
        let SignedIn { connection, app } = *SignedIn::load(&self.ctx, &self.id)?;
        let (config, provider) = (app.config()?, app.provider()?);
        grant::may_be_sent(connection.allowed_origins.as_ref(), config)?;
        target::check(&request.url, config, &self.allowed)?;
        let mut token = self.token().await?;
        let (mut may_refresh, mut left) = (true, waiting.retry_after);
        let (mut retries, mut retry) = (ProofRetries::default(), None);
        loop {
            let sent = (&token, retry.take());
            let (mut response, refused) =
                self.attempt(&mut request, sent, waiting.response, &provider).await?;
            response.is_of_refreshed_token = !may_refresh;
            let status = response.status();
            let again = refused.filter(|retry| request.body.can_be_sent() && retries.allow(*retry));
            if again.is_some() {
                retry = again;
                continue;
            }
            // Not the token was refused, but its proof, and the body cannot be sent again.
            if refused.is_some() {
                return Ok(response);
            }
            if status == StatusCode::UNAUTHORIZED && may_refresh {
                may_refresh = false;
                *self.lock_given() = None;
                token = refresh::after_rejection(&self.ctx, &self.id, token.version).await?;
            } else if let Some(wait) = self.wait(&response, left).filter(|_| request.body.can_be_sent()) {
                (waiting.on_retry)(status, wait);
                left = left.saturating_sub(wait);
                tokio::time::sleep(wait).await;
            } else {
                return Ok(response);
            }
            if !request.body.can_be_sent() {
                return Ok(response);
            }
        }
    }

    /// The access token with a DPoP proof for one request (RFC 9449), for a program that sends it itself; `nonce` is
    /// the one that the API demands, if it does. With a target, the token is one derived for it.
    ///
    /// # Errors
    ///
    /// If the token is not bound to a key, or the URL must not get it.
    pub async fn prove(
        &self,
        method: &Method,
        url: &Url,
        target: Option<TokenTarget>,
        (nonce, min_valid): (Option<&str>, Duration),
    ) -> Result<ProvenToken> {
        let SignedIn { connection, app } = *SignedIn::load(&self.ctx, &self.id)?;
        let config = app.config()?;
        grant::may_be_sent(connection.allowed_origins.as_ref(), config)?;
        target::check(url, config, &self.allowed)?;
        let (token, key) = if let Some(target) = target {
            let wanted = (min_valid, false);
            let derived = token_exchange::derived(&self.ctx, &self.id, target, wanted).await?;
            (derived.token, derived.key)
        } else {
            let current = refresh::access_token(&self.ctx, &self.id, min_valid).await?;
            (current.token, current.key)
        };
        let Some(key) = key else { return Err(is_bearer(&connection.name)) };
        let asked = ProvenRequest { method, url, access_token: Some(&token.value), nonce };
        let proof = key.proof(&asked, self.ctx.time.now())?;
        Ok(ProvenToken { token, proof })
    }

    async fn attempt(
        &self,
        request: &mut ApiRequest,
        (token, retry): (&CurrentToken, Option<ProofRetry>),
        timeout: Duration,
        provider: &str,
    ) -> Result<(ApiResponse, Option<ProofRetry>)> {
        let unsent = |failure: grapnel_oauth::http::Failure| failure.explain(provider).or_hint("Try again.");
        let mut sent = Request::new(request.body.take(&mut request.headers).await?);
        *sent.method_mut() = request.method.clone();
        *sent.uri_mut() = request.url.as_str().parse().map_err(|_| {
            Error::input("url", "The URL has characters that cannot be sent.").hint("Percent-encode them.")
        })?;
        *sent.headers_mut() = request.headers.clone();
        token.presented().authorize(&mut sent, retry).map_err(unsent)?;
        let mut response = self.ctx.http.stream(sent, timeout).await.map_err(unsent)?;
        let refused = response.extensions_mut().remove();
        Ok((ApiResponse::new(response, provider), refused))
    }

    /// How long to wait before the request is repeated, if the response asks for it and `left` suffices.
    fn wait(&self, response: &ApiResponse, left: Duration) -> Option<Duration> {
        matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
            .then(|| retry_after_of(response.headers(), self.ctx.time.now()))?
            .map(|wait| wait.max(MIN_RETRY_PAUSE))
            .filter(|wait| *wait <= left)
    }
}

fn is_bearer(name: &str) -> Error {
    Error::input("dpop", format!("The access token of “{name}” is a bearer token, which needs no proof."))
        .means("Nothing was printed.")
        .hint("Omit --dpop. To bind tokens to a key, set dpop=true for the app, and reconnect.")
}
