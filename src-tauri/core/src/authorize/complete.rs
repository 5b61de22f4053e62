//! The end of a sign-in: the account is fetched and the attempt completed, or the attempt ends as denied or failed.

use std::sync::Arc;

use grapnel_model::account::Account;
use grapnel_model::activity::Kind;
use grapnel_model::attempt::Phase;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, ExchangeId};
use grapnel_model::secret::SecretString;
use grapnel_store::attempt::{self, AttemptRow};
use grapnel_store::{activity, connection};

use super::attempts::{emit_attempt, view};
use super::store_grant::GrantTarget;
use crate::content;
use crate::context::Context;

/// Fetches the account that signed in. The tokens are stored by now, so a failure is only recorded.
pub(super) async fn fetch_account(
    ctx: &Arc<Context>,
    row: &AttemptRow,
    target: &GrantTarget,
    id_token: Option<SecretString>,
) -> Result<()> {
    let id = target.id();
    if let Err(error) = content::identify(ctx, id, id_token).await {
        ctx.store.write(|tx| connection::set_error(tx, id, Some(&error)))?;
    }
    if let GrantTarget::Again(_, before) = target {
        handle_account_change(ctx, row, id, before.as_ref()).await?;
    }
    Ok(())
}

/// Completes an attempt whose connection is ready.
pub(super) fn complete(ctx: &Context, row: &AttemptRow, id: &ConnectionId) -> Result<()> {
    ctx.store.write(|tx| attempt::end(tx, &row.id, Phase::Done, None))?;
    ctx.emit(Event::Connection(id.clone()));
    emit_attempt(ctx, &row.id).map(drop)
}

/// Handles a changed account of a connection: logs it, and deletes the cached content of the previous account, even if
/// the new account is unknown.
async fn handle_account_change(
    ctx: &Context,
    row: &AttemptRow,
    id: &ConnectionId,
    before: Option<&Account>,
) -> Result<()> {
    let now = ctx.store.read(|c| connection::get(c, id))?.and_then(|row| row.identity.account);
    match (before, &now) {
        (Some(before), Some(now)) if before.is_same(now) => return Ok(()),
        (Some(before), Some(now)) => {
            let text = format!("The account changed from {} to {}.", before.label(), now.label());
            ctx.store.write(|tx| {
                connection::set_identity(tx, id, Some(now), Some(&text))?;
                activity::add(tx, ctx.now(), Kind::OtherAccount, &text, (Some(id), Some(&row.app_id)))
            })?;
        }
        _ => {}
    }
    ctx.cache.forget(&id.0).await
}

/// Ends the attempt as denied or failed, and returns the error. Its activity entry links to `exchange`. The event is
/// emitted even if the store fails.
pub(super) fn fail(ctx: &Context, mut row: AttemptRow, error: Error, exchange: Option<ExchangeId>) -> Error {
    let (phase, kind) = match error.code {
        Code::AccessDenied => (Phase::Denied, Kind::Denied),
        _ => (Phase::Failed, Kind::SignInEnded),
    };
    let written = ctx.store.write(|tx| {
        attempt::end(tx, &row.id, phase, Some(&error))?;
        activity::add(tx, ctx.now(), kind, &error.message, (row.connection_id.as_ref(), Some(&row.app_id)))?;
        exchange.map_or(Ok(()), |exchange| activity::link_last(tx, &exchange))
    });
    if let Err(unwritten) = written {
        tracing::warn!(%unwritten, "the end of an attempt could not be stored");
    }
    row.phase = phase;
    row.error = Some(error.clone());
    if let Ok(attempt) = view(ctx, &row) {
        ctx.emit(Event::Attempt(Box::new(attempt)));
    }
    error
}
