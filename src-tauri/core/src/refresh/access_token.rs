//! Hands out access tokens: the stored one if it is valid long enough, otherwise a refreshed one.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::connection::TokenMetadata;
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_store::activity;
use grapnel_store::connection::ConnectionRow;
use jiff::SignedDuration;

use super::attempt::refresh;
use super::current_token::CurrentToken;
use super::outcome::{RefreshReason, Refreshed};
use crate::context::Context;
use crate::grant;
use crate::signed_in::SignedIn;
use crate::token_lifetime::Lifetime;

/// A token that is rejected so soon after it was issued is not refreshed on behalf of a credential helper. So a server
/// that rejects every token causes at most one refresh a minute.
const MIN_AGE_IF_REJECTED: SignedDuration = SignedDuration::from_secs(60);

/// The access token of a connection, refreshed first if it expires within `min_valid` or in a moment. If the
/// provider's tokens never last for `min_valid`, half of their lifetime is sufficient.
pub(crate) async fn access_token(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    min_valid: Duration,
) -> Result<CurrentToken> {
    valid_for(ctx, SignedIn::load(ctx, id)?, min_valid).await
}

/// The access token of a connection after a caller's token was rejected: refreshed, unless the stored one is newer than
/// all that were handed out.
pub(crate) async fn in_place_of_rejected(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    min_valid: Duration,
) -> Result<CurrentToken> {
    let signed_in = SignedIn::load(ctx, id)?;
    let issued_at = held(&signed_in.connection)?.issued_at;
    let handed_out = ctx.store.read(|c| activity::last_handed_out(c, id))?;
    // The activity log has system time, tokens have corrected time.
    let handed_out = handed_out.and_then(|at| at.checked_add(ctx.time.offset()).ok());
    if handed_out.is_some_and(|at| at < issued_at) {
        return valid_for(ctx, signed_in, min_valid).await;
    }
    let version = signed_in.connection.version;
    refreshed(ctx, signed_in, version, RefreshReason::NotAccepted).await
}

/// Refreshes a connection after an API has rejected `token`, unless a newer one is stored, or this one was issued a
/// moment ago and another would be rejected too.
pub(crate) async fn replace_rejected(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    token: &SecretString,
) -> Result<()> {
    let signed_in = SignedIn::load(ctx, id)?;
    let age = held(&signed_in.connection)?.issued_at.duration_until(ctx.time.now());
    let current = CurrentToken::of(ctx, &signed_in.connection).await?;
    if age < MIN_AGE_IF_REJECTED || current.token.value.expose_secret() != token.expose_secret() {
        return Ok(());
    }
    refreshed(ctx, signed_in, current.version, RefreshReason::NotAccepted).await.map(drop)
}

/// The access token of a connection after an API has rejected the one of `version`.
pub(crate) async fn after_rejection(
    ctx: &Arc<Context>,
    id: &ConnectionId,
    version: i64,
) -> Result<CurrentToken> {
    refreshed(ctx, SignedIn::load(ctx, id)?, version, RefreshReason::NotAccepted).await
}

/// Refreshes a connection whose ID token expires, unless the grant of `signed_in` was replaced meanwhile.
pub(crate) async fn for_id_token(ctx: &Arc<Context>, signed_in: Box<SignedIn>) -> Result<()> {
    let version = signed_in.connection.version;
    refreshed(ctx, signed_in, version, RefreshReason::Needed).await.map(drop)
}

async fn valid_for(
    ctx: &Arc<Context>,
    signed_in: Box<SignedIn>,
    min_valid: Duration,
) -> Result<CurrentToken> {
    let row = &signed_in.connection;
    let held = held(row)?.clone();
    if let Some(error) = row.refresh_status.error.clone().filter(|_| row.holds_another_account()) {
        return Err(error);
    }
    let mut is_of_other_certificate = false;
    if is_valid_for(ctx, row, &held, min_valid) {
        let current = CurrentToken::of(ctx, row).await?;
        // An API would refuse it (RFC 8705 §3).
        is_of_other_certificate =
            held.certificate.as_deref() != current.certificate.as_ref().map(|own| own.thumbprint());
        if !is_of_other_certificate || !row.can_refresh() {
            return Ok(current);
        }
    }
    let (id, version) = (row.id.clone(), row.version);
    let lasts = |now| lifetime(&held).remaining(now) > lifetime(&held).wanted(min_valid);
    match refreshed(ctx, signed_in, version, RefreshReason::Needed).await {
        // The early refresh failed, but the stored token lasts as long as requested.
        Err(_) if !is_of_other_certificate && lasts(ctx.time.now()) => stored(ctx, &id).await,
        refreshed => refreshed,
    }
}

async fn refreshed(
    ctx: &Arc<Context>,
    signed_in: Box<SignedIn>,
    version: i64,
    reason: RefreshReason,
) -> Result<CurrentToken> {
    let row = &signed_in.connection;
    if let Some(error) = row.refresh_status.error.clone().filter(|error| error.code.needs_person()) {
        return Err(error);
    }
    let id = row.id.clone();
    match refresh(ctx, signed_in, version, reason).await? {
        Refreshed::Stored(current) => Ok(current),
        Refreshed::Superseded => stored(ctx, &id).await,
    }
}

/// The stored token.
async fn stored(ctx: &Context, id: &ConnectionId) -> Result<CurrentToken> {
    CurrentToken::of(ctx, &SignedIn::load(ctx, id)?.connection).await
}

fn held(row: &ConnectionRow) -> Result<&TokenMetadata> {
    row.token_metadata().ok_or_else(|| grant::disconnected(&row.name))
}

/// Whether the stored token can be handed out to a caller that needs it for `min_valid`.
pub(crate) fn is_valid_for(
    ctx: &Context,
    row: &ConnectionRow,
    held: &TokenMetadata,
    min_valid: Duration,
) -> bool {
    if row.holds_another_account() {
        return false;
    }
    // A token that cannot be refreshed is used until it expires.
    let (life, now) = (lifetime(held), ctx.time.now());
    life.is_sufficient(now, min_valid) || (!row.can_refresh() && life.remaining(now) > SignedDuration::ZERO)
}

fn lifetime(held: &TokenMetadata) -> Lifetime {
    Lifetime::new(held.issued_at, held.expires_at)
}
