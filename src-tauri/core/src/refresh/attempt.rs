//! One refresh of a connection's tokens, from taking the locks to storing the result.

use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::access_token::AccessToken;
use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, ExchangeId};
use grapnel_model::provider::ProviderConfig;
use grapnel_oauth::http::HostPermit;
use grapnel_oauth::http::api::ApiToken;
use grapnel_oauth::http::token::{Grant, request_token};
use grapnel_store::connection;
use grapnel_store::connection::{ConnectionRow, SealedGrant};
use jiff::Timestamp;
use tokio::sync::OwnedRwLockReadGuard;

use super::connection_lock::lock_connection;
use super::crash_point::{CrashPoint, pass_crash_point};
use super::current_token::CurrentToken;
use super::failure_record::failure_record;
use super::outcome::{PriorState, RefreshFailure, RefreshReason, Refreshed};
use super::renewal::{self, Renewal};
use super::shared::{self, Entered, SharedRefresh, Slots};
use super::write_grant::write_grant;
use crate::content::id_token;
use crate::context::{Context, UnsavedGrant};
use crate::dpop_key;
use crate::exchange_log::ExchangeLog;
use crate::grant::{self, OAuthClient};
use crate::signed_in::SignedIn;
use crate::token_lifetime::Lifetime;
use crate::{client_certificate, revoke, secret_parameters};

/// The first pause between attempts to store new tokens; it doubles each time.
const FIRST_STORE_PAUSE: Duration = Duration::from_millis(100);
/// The limit of that pause. Beyond it, the tokens stay in memory for the next refresh to store.
const MAX_STORE_PAUSE: Duration = Duration::from_secs(3);

/// A refresh that holds its locks.
struct RefreshAttempt<'a> {
    ctx: &'a Arc<Context>,
    /// Its slots for token requests at the provider's host.
    slots: Slots,
    /// Keeps the program from ending, and other processes from re-keying the vault, once no other machine is waited
    /// for.
    working: Option<(OwnedRwLockReadGuard<()>, File)>,
    /// Keeps other processes from refreshing the connection.
    lock: Arc<File>,
    /// The version of the grant that it replaces.
    expected_version: i64,
    reason: RefreshReason,
    /// The team's lock, if the connection is shared, until the result is written.
    team: Option<Box<SharedRefresh>>,
}

/// Refreshes the tokens of a connection, unless the grant of `expected_version` was replaced meanwhile. Runs as a
/// separate task: a caller that gives up must not interrupt a rotation between request and response.
pub(super) async fn refresh(
    ctx: &Arc<Context>,
    signed_in: Box<SignedIn>,
    expected_version: i64,
    reason: RefreshReason,
) -> Result<Refreshed, RefreshFailure> {
    refresh_in(ctx, signed_in, expected_version, reason, Slots::default()).await
}

/// Like [`refresh`], with slots that it has already.
pub(super) async fn refresh_in(
    ctx: &Arc<Context>,
    mut signed_in: Box<SignedIn>,
    expected_version: i64,
    reason: RefreshReason,
    slots: Slots,
) -> Result<Refreshed, RefreshFailure> {
    let ctx = Arc::clone(ctx);
    let work = tokio::spawn(async move {
        let id = signed_in.connection.id.clone();
        let in_process = ctx.refresh_lock(&id);
        let held = if let Ok(held) = in_process.try_lock() {
            held
        } else {
            let held = in_process.lock().await;
            // The refresh that this one waited for has changed it.
            signed_in = SignedIn::load(&ctx, &id)?;
            held
        };
        // Tokens that are only in memory are stored first in any case.
        if ctx.unsaved(&id).is_none()
            && let Some(known) = known_outcome(&ctx, &signed_in.connection, expected_version, reason)
        {
            return known;
        }
        ctx.emit(Event::Connection(id.clone()));
        let outcome = Box::pin(refresh_in_turn(&ctx, &signed_in, expected_version, reason, slots)).await;
        drop(held);
        ctx.emit(Event::Connection(id));
        pass_crash_point(CrashPoint::AfterTelling);
        outcome
    });
    work.await.map_err(|_| Error::new(Code::Internal, "The refresh was interrupted."))?
}

/// The result without a request: another refresh has succeeded, or has just failed.
fn known_outcome(
    ctx: &Context,
    row: &ConnectionRow,
    expected_version: i64,
    reason: RefreshReason,
) -> Option<Result<Refreshed, RefreshFailure>> {
    if row.grant.is_some() && row.version != expected_version {
        return Some(Ok(Refreshed::Superseded));
    }
    let is_quiet = row.refresh_status.retry.quiet_until.is_some_and(|end| ctx.time.now() < end);
    let error =
        row.refresh_status.error.clone().filter(|_| is_quiet && reason != RefreshReason::Requested)?;
    Some(Err(RefreshFailure::Transient(error, None)))
}

/// Refreshes once a slot at the provider is free and no other process refreshes the connection.
async fn refresh_in_turn(
    ctx: &Arc<Context>,
    signed_in: &SignedIn,
    expected_version: i64,
    reason: RefreshReason,
    mut slots: Slots,
) -> Result<Refreshed, RefreshFailure> {
    let (id, config) = (&signed_in.connection.id, signed_in.app.config()?);
    // The slot comes first: waiting for it takes no file and no thread.
    slots.permit = Some(permit(ctx, config).await);
    let lock = lock_connection(ctx, id).await?;
    let (working, team) = (None, None);
    let mut attempt = RefreshAttempt { ctx, slots, working, lock, expected_version, reason, team };
    Box::pin(attempt.run(id)).await
}

/// Waits for a slot at the host that is asked.
async fn permit(ctx: &Context, config: &ProviderConfig) -> HostPermit {
    ctx.http.permit(renewal::endpoint(config).unwrap_or(&config.token_url)).await
}

impl RefreshAttempt<'_> {
    async fn run(&mut self, id: &ConnectionId) -> Result<Refreshed, RefreshFailure> {
        let ctx = self.ctx;
        // This is the only copy; it stays in memory until it is stored.
        if let Some(unsaved) = ctx.unsaved(id) {
            self.working = Some(ctx.begin_sealed_write().await?);
            let grant = grant::reseal(ctx, id, unsaved.grant).await?;
            let wrong = grant.error.clone();
            let is_stored = self.store(&unsaved.row, grant, None).await?;
            ctx.drop_unsaved(id);
            return match wrong.filter(|_| is_stored) {
                Some(error) => Err(RefreshFailure::Stored(error)),
                None => Ok(Refreshed::Superseded),
            };
        }
        let mut signed_in = match self.enter(id).await? {
            ControlFlow::Continue(signed_in) => signed_in,
            ControlFlow::Break(known) => return Ok(known),
        };
        // A slot that was given up while another machine was waited for.
        let permit = match self.slots.permit.take() {
            Some(permit) => permit,
            None => permit(ctx, signed_in.app.config()?).await,
        };
        self.working = Some(ctx.begin_sealed_write().await?);
        secret_parameters::seal_clear(ctx, &signed_in.app.row).await?;
        let mut client = OAuthClient::of(ctx, &signed_in.app).await?;
        let row = &signed_in.connection;
        grant::may_be_sent(row.allowed_origins.as_ref(), &client.config)?;
        // The new tokens are for the origins that were asked, even if the app's endpoints have changed by then.
        signed_in.connection.allowed_origins.get_or_insert_with(|| client.config.origins());
        let row = &signed_in.connection;
        let renewal = match Renewal::of(row, &client.config, (&client.provider, self.reason)) {
            Ok(renewal) => renewal,
            Err(error) => return self.record(row, RefreshFailure::Refused(error), None).await,
        };
        let asked = renewal.request(ctx, row, &signed_in.app.row).await?;
        // An app that was changed to bind its tokens gets its key now.
        let bound = dpop_key::of(ctx, row).await?;
        client.credentials.dpop = if bound.is_some() { bound } else { dpop_key::new(&client.config)? };
        let client = client;
        if !self.begin(row).await? {
            drop(permit);
            return Box::pin(self.run(id)).await;
        }
        pass_crash_point(CrashPoint::AfterMark);
        pass_crash_point(CrashPoint::BeforeSend);
        // Written when this returns: after the result is stored.
        let log = ExchangeLog::new(ctx, Some(id));
        log.mask(grant::access_token(ctx, row).await.ok());
        let config = &client.config;
        let response = request_token(log.http(), &permit, config, &client.credentials, asked).await;
        pass_crash_point(CrashPoint::AfterAnswer);
        let mut granted = match response {
            Ok(granted) => granted,
            Err(unanswered) => {
                let before = PriorState {
                    response_lost: row.response_may_be_lost(),
                    refusals: row.refresh_status.retry.refusals,
                    access_token_is_valid: self.reason != RefreshReason::NotAccepted
                        && access_token_is_valid(ctx, row),
                };
                let failure = renewal.failure(&client, unanswered.failure, before);
                return self.record(row, failure, log.decisive()).await;
            }
        };
        let new = client.token_of(&granted);
        let kind = if renewal::is_of_client(row) { ExchangeKind::Token } else { ExchangeKind::Refresh };
        if let Some(error) = unbound(row, &client, (&granted, &new)) {
            log.reject(kind, &error);
            return self.refuse_unbound(&signed_in, (&client, error), granted, log.decisive()).await;
        }
        let id_token = id_token::refreshed(&client, &granted, row.identity.id_claims.as_ref());
        if !matches!(id_token, id_token::Refreshed::Same(Some(_))) {
            granted.id_token = None;
        }
        let mut sealed = grant::seal(ctx, id, &client, granted, (row.grant_type(), Some(row))).await?;
        match id_token {
            id_token::Refreshed::Same(claims) => sealed.id_claims = claims,
            id_token::Refreshed::Another(error) => {
                log.reject(kind, &error);
                sealed.error = Some(error);
            }
            id_token::Refreshed::Untold(deviation) => {
                sealed.error = row.refresh_status.error.clone().filter(|_| row.holds_another_account());
                sealed.deviations.extend(deviation);
            }
        }
        let (expires_at, other_account) = (sealed.metadata.expires_at, sealed.error.clone());
        if !self.store(row, sealed, log.decisive()).await? {
            return Ok(Refreshed::Superseded);
        }
        match other_account {
            Some(error) => Err(RefreshFailure::Stored(error)),
            None => Ok(Refreshed::Stored(CurrentToken {
                token: AccessToken { token_type: new.token_type(), value: new.value, expires_at },
                version: row.version + 1,
                key: new.key,
                certificate: new.certificate,
            })),
        }
    }

    /// Marks in the team and here that the refresh is about to be sent. Returns whether it may be: not if another
    /// machine may have taken over, because this computer was suspended meanwhile.
    async fn begin(&mut self, row: &ConnectionRow) -> Result<bool> {
        if let Some(team) = &mut self.team {
            team.begin().await?;
        }
        pass_crash_point(CrashPoint::BeforeMark);
        let marked = self.mark(&row.id, Some(self.ctx.now())).await;
        let Some(team) = &self.team else { return marked.map(|()| true) };
        let is_held = marked.is_ok() && team.is_held().await;
        if !is_held {
            team.unbegin().await;
            (self.team, self.working) = (None, None);
        }
        marked?;
        if !is_held && !row.refresh_status.is_begun {
            self.mark(&row.id, None).await?;
        }
        Ok(is_held)
    }

    /// Stores that a refresh is about to be sent; `None` that it was not.
    async fn mark(&self, id: &ConnectionId, at: Option<Timestamp>) -> Result<()> {
        let id = id.clone();
        self.ctx.store.group_commit(move |c| connection::mark_refresh(c, &id, at)).await
    }

    /// Reads the connection once nobody else refreshes it: meanwhile another process or machine may have done so, or
    /// changed where its app sends the refresh token. Takes the team's lock, if it is shared.
    async fn enter(
        &mut self,
        id: &ConnectionId,
    ) -> Result<ControlFlow<Refreshed, Box<SignedIn>>, RefreshFailure> {
        let ctx = self.ctx;
        let mut signed_in = SignedIn::load(ctx, id)?;
        loop {
            let row = &signed_in.connection;
            if row.grant.is_none() {
                return Err(grant::disconnected(&row.name).into());
            }
            if let Some(known) = known_outcome(ctx, row, self.expected_version, self.reason) {
                return known.map(ControlFlow::Break);
            }
            match shared::enter(ctx, &signed_in, &mut self.slots).await? {
                Entered::Local => return Ok(ControlFlow::Continue(signed_in)),
                Entered::Locked(team) => {
                    signed_in.connection.refresh_status.retry.response_lost |= team.response_may_be_lost();
                    self.team = Some(team);
                    return Ok(ControlFlow::Continue(signed_in));
                }
                Entered::Newer => {
                    signed_in = SignedIn::load(ctx, id)?;
                    // What another machine got a while ago may have expired, too.
                    if !is_sufficient(ctx, &signed_in.connection) {
                        self.expected_version = signed_in.connection.version;
                    }
                }
            }
            // Another machine has failed for good.
            let known = signed_in.connection.refresh_status.error.clone();
            if let Some(error) = known.filter(|error| error.code.needs_person())
                && self.reason != RefreshReason::Requested
            {
                return Err(RefreshFailure::Stored(error));
            }
        }
    }

    /// Refuses an access token that is not bound as the one before it. A new refresh token is kept: the provider has
    /// invalidated the old one with it.
    async fn refuse_unbound(
        &mut self,
        of: &SignedIn,
        (client, error): (&OAuthClient, Error),
        granted: Grant,
        exchange: Option<ExchangeId>,
    ) -> Result<Refreshed, RefreshFailure> {
        let (ctx, row) = (self.ctx, &of.connection);
        let error = Error { code: Code::ReconnectNeeded, ..error }
            .means("The new access token was not kept. The one held here is as it was, until it expires.");
        if renewal::is_of_client(row) {
            Box::pin(revoke::revoke_unwanted(ctx, (&of.app.row, &client.config), &granted)).await?;
        }
        if renewal::is_of_client(row) || granted.refresh_token.is_none() {
            return self.record(row, RefreshFailure::Refused(error), exchange).await;
        }
        let granted = Grant { id_token: None, ..granted };
        let sealed = grant::seal(ctx, &row.id, client, granted, (row.grant_type(), Some(row))).await?;
        let sealed = SealedGrant { error: Some(error.clone()), ..grant::with_access_token_of(row, sealed)? };
        if self.store(row, sealed, exchange).await? {
            return Err(RefreshFailure::Stored(error));
        }
        Ok(Refreshed::Superseded)
    }

    /// Stores new tokens before anyone uses them; returns whether the connection has them. The provider has invalidated
    /// the old ones by now, so a failure is retried, and in the end the tokens stay in memory for the next refresh to
    /// store. `exchange` is the one that issued them.
    async fn store(
        &mut self,
        row: &ConnectionRow,
        grant: SealedGrant,
        exchange: Option<ExchangeId>,
    ) -> Result<bool> {
        let (ctx, reason) = (self.ctx, self.reason);
        let mut pause = FIRST_STORE_PAUSE;
        let new = Arc::new((row.clone(), grant, exchange));
        pass_crash_point(CrashPoint::BeforeCommit);
        let is_stored = loop {
            let (written, at, offset) = (Arc::clone(&new), ctx.now(), ctx.time.offset());
            let written = ctx.store.group_commit(move |c| write_grant(c, at, offset, &written, reason));
            match written.await {
                Ok(is_stored) => break is_stored,
                Err(_) if pause < MAX_STORE_PAUSE => tokio::time::sleep(pause).await,
                Err(error) => {
                    let error = error
                        .means("The new tokens are held in memory, for as long as Grapnel runs.")
                        .or_hint("Make room on the disk, then refresh again.");
                    let ((row, grant, _), refresh_lock) = ((*new).clone(), Arc::clone(&self.lock));
                    ctx.keep_unsaved(UnsavedGrant { row, grant, error: error.clone(), refresh_lock });
                    return Err(error);
                }
            }
            pause *= 2;
        };
        pass_crash_point(CrashPoint::AfterCommit);
        if let Some(team) = self.team.take().filter(|_| is_stored) {
            team.write_grant(&row.id);
        }
        // Otherwise the person disconnected, or signed in again, during the request.
        if !is_stored && let Err(error) = revoke::revoke_late_grant(ctx, row, new.1.clone()).await {
            tracing::info!(%error, "tokens that arrived after a disconnect could not be revoked");
        }
        Ok(is_stored)
    }

    /// Stores the failure, and when to retry.
    async fn record(
        &mut self,
        row: &ConnectionRow,
        failure: RefreshFailure,
        exchange: Option<ExchangeId>,
    ) -> Result<Refreshed, RefreshFailure> {
        let record = failure_record(self.ctx, row, &failure, self.reason, exchange);
        let Some(record) = record else { return Err(failure) };
        pass_crash_point(CrashPoint::BeforeCommit);
        let is_current = self.ctx.store.group_commit(record).await?;
        pass_crash_point(CrashPoint::AfterCommit);
        if let Some(team) = self.team.take().filter(|_| is_current)
            && let Some(row) = self.ctx.store.read(|c| connection::get(c, &row.id))?
            && let Some(error) = &row.refresh_status.error
        {
            team.write_failure((error, &row.refresh_status.retry), self.reason).await;
        }
        if is_current { Err(failure) } else { Ok(Refreshed::Superseded) }
    }
}

/// Why a new access token is refused: it is not bound to a key or a certificate, so that whoever has it can use it.
fn unbound(row: &ConnectionRow, client: &OAuthClient, (granted, new): (&Grant, &ApiToken)) -> Option<Error> {
    let (config, held) = (&client.config, row.token_metadata());
    if dpop_key::lacks_binding(config, granted, held.is_some_and(|held| held.dpop.is_some())) {
        return Some(dpop_key::not_bound(&client.provider, config));
    }
    let replaces_bound = held.is_some_and(|held| held.certificate.is_some());
    client_certificate::lacks_binding(config, new, replaces_bound)
        .then(|| client_certificate::not_bound(&client.provider))
}

/// Records that a refresh was interrupted when an earlier process ended.
pub(super) fn record_interrupted(ctx: &Context, row: &ConnectionRow) -> Result<()> {
    let record = failure_record(ctx, row, &renewal::interrupted(row), RefreshReason::Due, None);
    record.map_or(Ok(()), |record| ctx.store.write(|tx| record(tx).map(drop)))
}

/// Whether the access token can be handed out without asking for another one.
fn is_sufficient(ctx: &Context, row: &ConnectionRow) -> bool {
    row.token_metadata().is_some_and(|held| {
        Lifetime::new(held.issued_at, held.expires_at).is_sufficient(ctx.time.now(), Duration::ZERO)
    })
}

/// Whether the access token has not expired, as far as is known.
fn access_token_is_valid(ctx: &Context, row: &ConnectionRow) -> bool {
    let now = ctx.time.now();
    row.token_metadata().is_some_and(|held| held.expires_at.is_none_or(|end| end > now))
}
