//! Token exchange (RFC 8693): derives a token for another service, or with fewer scopes, from a connection's access
//! token. A derived token is stored with its connection, and handed out until it expires; then another one is asked
//! for. Any number of callers cause one exchange. It invalidates nothing, so a failure does no harm.

mod refusal;
mod unwanted;

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::access_token::{AccessToken, AccessTokenType};
use grapnel_model::activity::Kind;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::derived_token::{IssuedToken, TokenTarget};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, DerivedTokenId};
use grapnel_model::secret::SecretString;
use grapnel_oauth::dpop::DpopKey;
use grapnel_oauth::http::HostPermit;
use grapnel_oauth::http::token::{Grant, TokenRequestKind, request_token};
use grapnel_oauth::retry::after;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::derived_token::DerivedTokenRow;
use grapnel_store::{activity, derived_token};
use jiff::SignedDuration;

use crate::context::Context;
use crate::dpop_key;
use crate::exchange_log::ExchangeLog;
use crate::grant::{self, OAuthClient};
use crate::refresh::{self, CurrentToken};
use crate::revoke::{self, derived_associated_data};
use crate::secret_parameters;
use crate::signed_in::SignedIn;
use crate::token_lifetime::{self, Lifetime};
use refusal::{Refused, refused};
use unwanted::{notes, unwanted};

/// How long to wait for another process that derives a token from the same connection.
const OTHER_PROCESS_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a failure is returned to callers instead of another request.
const QUIET_PERIOD: Duration = Duration::from_secs(2);
/// The longest such period, if the provider asked to wait.
const MAX_QUIET_PERIOD: Duration = Duration::from_secs(3_600);
/// A connection's token that was issued so recently is not refreshed because an exchange was refused. So a provider
/// that refuses every exchange causes at most one refresh a minute.
const MIN_AGE_IF_REFUSED: SignedDuration = SignedDuration::from_secs(60);

/// How long a token whose expiry is unknown is handed out before another one is asked for.
const LIFETIME_IF_UNKNOWN: Duration = Duration::from_secs(3_600);

/// A derived token.
pub struct DerivedToken {
    /// The token.
    pub token: AccessToken,
    /// What the provider says about it.
    pub issued: IssuedToken,
    /// The key that it is bound to, if it is.
    pub(crate) key: Option<Arc<DpopKey>>,
}

/// The token, if it is one to call an API with.
///
/// # Errors
/// The provider issued one of the type `N_A`.
pub fn bearer(derived: DerivedToken) -> Result<AccessToken> {
    if derived.issued.is_bearer {
        return Ok(derived.token);
    }
    Err(Error::new(
        Code::ProviderError,
        "The provider issued a token that is none to call an API with (N_A).",
    )
    .means("It was not handed to a program that would send it as a bearer token.")
    .hint("Print it: grapnel token, with --format plain or json."))
}

/// A request for a derived token.
struct Derivation<'a> {
    ctx: &'a Arc<Context>,
    id: &'a ConnectionId,
    target: &'a TokenTarget,
    min_valid: Duration,
    /// The stored token that the caller cannot use.
    rejected: Option<DerivedTokenId>,
}

/// The derived token of a connection for `target`: the stored one if it is valid for `min_valid`, otherwise a new one.
/// With `is_rejected`, an API has rejected the stored one.
pub(crate) async fn derived(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    target: TokenTarget,
    (min_valid, is_rejected): (Duration, bool),
) -> Result<DerivedToken> {
    let target = &target.checked()?;
    let stored = ctx.store.read(|c| derived_token::get(c, id, target))?;
    let rejected = stored.filter(|_| is_rejected).map(|row| row.id);
    let derivation = Derivation { ctx, id, target, min_valid, rejected };
    if let Some(known) = derivation.known(&*load(ctx, id)?).await {
        return known;
    }
    let in_process = ctx.derivation_lock(id);
    let _held = in_process.lock().await;
    Box::pin(derivation.obtain()).await
}

/// Deletes a derived token, and revokes it if the provider supports that.
pub(crate) async fn remove(ctx: &Arc<Context>, id: &ConnectionId, derived: &DerivedTokenId) -> Result<()> {
    let signed_in = SignedIn::load(ctx, id)?;
    let row = ctx.store.read(|c| derived_token::all(c, id))?.into_iter().find(|row| row.id == *derived);
    let Some(row) = row else { return Ok(()) };
    let _working = ctx.begin_sealed_write().await?;
    ctx.store.write(|tx| derived_token::remove(tx, id, derived))?;
    ctx.emit(Event::Connection(id.clone()));
    if let Err(error) = revoke::revoke_derived(ctx, &signed_in, &row).await {
        tracing::info!(%error, "a derived token could not be revoked");
    }
    Ok(())
}

/// A connection whose token can be exchanged.
fn load(ctx: &Context, id: &ConnectionId) -> Result<Box<SignedIn>> {
    let signed_in = SignedIn::load(ctx, id)?;
    let row = &signed_in.connection;
    if row.grant.is_none() {
        return Err(grant::disconnected(&row.name));
    }
    // What was derived from a sign-in ends with it.
    let has_ended = |error: &Error| matches!(error.code, Code::OtherAccount | Code::ReconnectNeeded);
    match row.refresh_status.error.clone().filter(has_ended) {
        Some(error) => Err(error),
        None => Ok(signed_in),
    }
}

/// Whether the connection's own token has expired, and no other can be had without a person.
fn has_expired(ctx: &Context, row: &ConnectionRow) -> bool {
    let end = row.token_metadata().and_then(|held| held.expires_at);
    !row.can_refresh() && end.is_some_and(|end| end <= ctx.time.now())
}

impl Derivation<'_> {
    /// The result without a request: a token that is stored, or an exchange that has just failed.
    async fn known(&self, of: &SignedIn) -> Option<Result<DerivedToken>> {
        let row = match self.ctx.store.read(|c| derived_token::get(c, self.id, self.target)) {
            Ok(row) => row?,
            Err(error) => return Some(Err(error)),
        };
        let now = self.ctx.time.now();
        let lifetime = |issued: &IssuedToken| {
            let end = issued.expires_at.unwrap_or_else(|| after(issued.issued_at, LIFETIME_IF_UNKNOWN));
            Lifetime::new(issued.issued_at, Some(end))
        };
        let is_usable = |is: &dyn Fn(Lifetime) -> bool| {
            row.issued.as_ref().is_some_and(|(_, issued)| is(lifetime(issued)))
                && self.rejected.as_ref() != Some(&row.id)
                && !has_expired(self.ctx, &of.connection)
        };
        if is_usable(&|life| life.is_sufficient(now, self.min_valid)) {
            return Some(self.open(of, &row).await);
        }
        let error = row.error.clone().filter(|_| row.quiet_until.is_some_and(|end| now < end))?;
        // The token lasts as long as requested, although not for much longer.
        if is_usable(&|life| life.remaining(now) > life.wanted(self.min_valid)) {
            return Some(self.open(of, &row).await);
        }
        Some(Err(error))
    }

    async fn open(&self, of: &SignedIn, row: &DerivedTokenRow) -> Result<DerivedToken> {
        let Some((sealed, issued)) = &row.issued else {
            return Err(grant::disconnected(&of.connection.name));
        };
        let value = self.ctx.vault.open(&derived_associated_data(&row.id), sealed).await?;
        let key = if issued.is_bound { dpop_key::of(self.ctx, &of.connection).await? } else { None };
        Ok(derived_of(value, issued.clone(), key))
    }

    /// Exchanges the connection's token; a second time after a refresh, if the provider did not accept that token.
    async fn obtain(&self) -> Result<DerivedToken> {
        let signed_in = load(self.ctx, self.id)?;
        if let Some(known) = self.known(&signed_in).await {
            return known;
        }
        let subject = refresh::access_token(self.ctx, self.id, Duration::ZERO).await?;
        let refused = match Box::pin(self.exchange(&subject)).await? {
            Ok(derived) => return Ok(derived),
            Err(refused) => refused,
        };
        let age = signed_in
            .connection
            .token_metadata()
            .map(|held| held.issued_at.duration_until(self.ctx.time.now()));
        let is_renewable =
            signed_in.connection.can_refresh() && age.is_some_and(|age| age > MIN_AGE_IF_REFUSED);
        if refused.is_about_subject && is_renewable {
            let subject = refresh::after_rejection(self.ctx, self.id, subject.version).await?;
            return match Box::pin(self.exchange(&subject)).await? {
                Ok(derived) => Ok(derived),
                Err(refused) => self.fail(refused).await,
            };
        }
        self.fail(refused).await
    }

    /// Sends the request once a slot at the provider is free and no other process derives a token.
    async fn exchange(&self, subject: &CurrentToken) -> Result<Result<DerivedToken, Refused>> {
        let ctx = self.ctx;
        let token_url = load(ctx, self.id)?.app.config()?.token_url.clone();
        let permit = ctx.http.permit(&token_url).await;
        let _lock = self.lock().await?;
        let _working = ctx.begin_sealed_write().await?;
        // Read again, now that no other process writes it.
        let signed_in = load(ctx, self.id)?;
        if let Some(known) = self.known(&signed_in).await {
            return known.map(Ok);
        }
        secret_parameters::seal_clear(ctx, &signed_in.app.row).await?;
        let mut client = OAuthClient::of(ctx, &signed_in.app).await?;
        client.credentials.dpop.clone_from(&subject.key);
        grant::may_be_sent(signed_in.connection.allowed_origins.as_ref(), &client.config)?;
        let log = ExchangeLog::new(ctx, Some(self.id));
        let subject_token = subject.token.value.clone();
        log.mask([subject_token.clone()]);
        let asked = TokenRequestKind::TokenExchange { subject_token, target: self.target.clone() };
        match request(&log, &permit, &client, asked).await {
            Ok(grant) => {
                if let Some(refused) = unwanted(&client, &grant, (&subject.token.value, self.target)) {
                    log.reject(ExchangeKind::TokenExchange, &refused.error);
                    return Ok(Err(refused));
                }
                let is_certificate_bound = client.token_of(&grant).certificate.is_some();
                self.store(&signed_in, (grant, is_certificate_bound), subject.key.clone()).await.map(Ok)
            }
            Err(unanswered) => Ok(Err(refused(&client, unanswered, self.target))),
        }
    }

    async fn lock(&self) -> Result<File> {
        if let Some(lock) = self.ctx.store.try_derivation_lock(self.id)? {
            return Ok(lock);
        }
        let (store, id) = (self.ctx.store.clone(), self.id.clone());
        let locked = tokio::task::spawn_blocking(move || store.derivation_lock(&id));
        let locked = tokio::time::timeout(OTHER_PROCESS_TIMEOUT, locked).await.map_err(|_| {
            Error::new(
                Code::DataBusy,
                "Another Grapnel process has been exchanging this connection’s token for a minute.",
            )
            .means("Nothing was changed here.")
            .hint("Try again.")
        })?;
        locked.map_err(|_| Error::new(Code::Internal, "Waiting for another process was interrupted."))?
    }

    /// Stores a new token before it is handed out.
    async fn store(
        &self,
        of: &SignedIn,
        (grant, is_certificate_bound): (Grant, bool),
        key: Option<Arc<DpopKey>>,
    ) -> Result<DerivedToken> {
        let (ctx, id, now) = (self.ctx, DerivedTokenId::random(), self.ctx.time.now());
        let notes = notes(&grant, self.target);
        let issued = IssuedToken {
            issued_at: now,
            expires_at: token_lifetime::access_end(now, &grant, None).0,
            scopes: grant.scopes.unwrap_or_else(|| self.target.scopes.clone()),
            token_type: grant.issued_token_type,
            is_bearer: grant.is_bearer,
            is_bound: grant.token_type == AccessTokenType::Dpop,
            is_certificate_bound,
        };
        let sealed = ctx.vault.seal(&derived_associated_data(&id), &grant.access_token).await?;
        let row = DerivedTokenRow {
            id,
            target: self.target.clone(),
            issued: Some((sealed, issued.clone())),
            error: None,
            quiet_until: None,
        };
        let text = format!("Exchanged the access token for one {}.{notes}", self.target.description());
        if !self.write(of, &row, (Kind::TokenExchanged, &text))? {
            if let Err(error) = revoke::revoke_derived(ctx, of, &row).await {
                tracing::info!(%error, "a token that was derived too late could not be revoked");
            }
            return Err(grant::disconnected(&of.connection.name));
        }
        Ok(derived_of(grant.access_token, issued, key))
    }

    /// Stores that an exchange failed. Returns the stored token, if it lasts as long as requested in spite of that.
    async fn fail(&self, refused: Refused) -> Result<DerivedToken> {
        let (ctx, Refused { error, wait, .. }) = (self.ctx, refused);
        let signed_in = load(ctx, self.id)?;
        let stored = ctx.store.read(|c| derived_token::get(c, self.id, self.target))?;
        let quiet = wait.unwrap_or_default().clamp(QUIET_PERIOD, MAX_QUIET_PERIOD);
        let row = DerivedTokenRow {
            id: stored.as_ref().map_or_else(DerivedTokenId::random, |row| row.id.clone()),
            target: self.target.clone(),
            issued: stored.and_then(|row| row.issued),
            error: Some(error.clone()),
            quiet_until: Some(after(ctx.time.now(), quiet)),
        };
        let text = format!(
            "The access token was not exchanged for one {}. {}",
            self.target.description(),
            error.message
        );
        self.write(&signed_in, &row, (Kind::TokenExchangeFailed, &text))?;
        self.known(&signed_in).await.unwrap_or(Err(error))
    }

    /// Stores a row if the connection still has the tokens of the same sign-in, and says so in the activity.
    fn write(&self, of: &SignedIn, row: &DerivedTokenRow, (kind, text): (Kind, &str)) -> Result<bool> {
        let (ctx, connection) = (self.ctx, &of.connection);
        let signed_in_at = connection.token_metadata().and_then(|held| held.signed_in_at);
        let is_stored = ctx.store.write(|tx| {
            let is_stored = derived_token::put(tx, (self.id, signed_in_at), row, ctx.time.now())?;
            if is_stored {
                let of = (Some(self.id), Some(&connection.app_id));
                activity::add_repeated(tx, ctx.now(), kind, (&self.target.key(), text), of)?;
                ctx.save_clock_offset(tx)?;
            }
            Ok(is_stored)
        })?;
        ctx.emit(Event::Connection(self.id.clone()));
        Ok(is_stored)
    }
}

/// A derived token of its parts.
pub(crate) fn derived_of(
    value: SecretString,
    issued: IssuedToken,
    key: Option<Arc<DpopKey>>,
) -> DerivedToken {
    let key = key.filter(|_| issued.is_bound);
    let token_type = match (issued.is_bound, issued.is_certificate_bound) {
        (true, _) => AccessTokenType::Dpop,
        (false, true) => AccessTokenType::CertificateBound,
        (false, false) => AccessTokenType::Bearer,
    };
    let token = AccessToken { value, token_type, expires_at: issued.expires_at };
    DerivedToken { token, issued, key }
}

async fn request(
    log: &ExchangeLog,
    permit: &HostPermit,
    client: &OAuthClient,
    asked: TokenRequestKind,
) -> Result<Grant, grapnel_oauth::http::TokenFailure> {
    let answered = request_token(log.http(), permit, &client.config, &client.credentials, asked).await;
    answered.map_err(|unanswered| unanswered.failure)
}
