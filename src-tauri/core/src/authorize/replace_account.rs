//! Replaces the account of a connection, after another account signed in and the person confirms it.

use std::sync::Arc;

use grapnel_model::account::Account;
use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AttemptId, ConnectionId};
use grapnel_store::{activity, attempt, connection, derived_token};

use super::attempts::{emit_attempt, no_attempt};
use crate::context::Context;
use crate::grant;

/// Moves the grant that was stored beside a connection into that connection, and deletes the one that was created for
/// it.
pub(crate) async fn replace(ctx: &Arc<Context>, id: &AttemptId) -> Result<ConnectionId> {
    let working = ctx.begin_sealed_write().await?;
    let attempt = ctx.store.read(|c| attempt::get(c, id))?.ok_or_else(no_attempt)?;
    let (Some(old), Some(new)) = (attempt.intended_connection, attempt.connection_id) else {
        return Err(Error::new(Code::NotFound, "No other account waits to replace this one.")
            .means("Nothing was changed."));
    };
    let found = ctx.store.read(|c| Ok((connection::get(c, &old)?, connection::get(c, &new)?)))?;
    let (Some(there), Some(signed_in)) = found else { return Err(Error::no_connection()) };
    let from = grant::newest(ctx, signed_in.clone());
    let sealed = grant::seal_for(ctx, &old, &from).await?;
    let now = ctx.now();
    let called =
        |account: Option<&Account>| account.map_or_else(|| "an unknown account".into(), Account::label);
    let text = format!(
        "The account changed from {} to {}, because you asked.",
        called(there.identity.account.as_ref()),
        called(signed_in.identity.account.as_ref())
    );
    let is_moved = ctx.store.write(|tx| {
        // A refresh that finished meanwhile has stored other tokens.
        if !connection::clear_grant(tx, &new, signed_in.version)?
            || !connection::set_grant(tx, &old, there.version, &sealed)?
        {
            return Ok(false);
        }
        derived_token::clear(tx, &old)?;
        connection::take_identity(tx, &old, &new)?;
        attempt::set_connection(tx, id, &old)?;
        attempt::set_intended_connection(tx, id, None)?;
        connection::remove(tx, &new)?;
        activity::add(tx, now, Kind::OtherAccount, &text, (Some(&old), Some(&attempt.app_id)))?;
        Ok(true)
    });
    if !is_moved? {
        return Err(Error::new(Code::DataBusy, "One of the connections was refreshed at the same moment.")
            .means("Nothing was changed.")
            .hint("Try again."));
    }
    drop(working);
    ctx.drop_unsaved(&old);
    ctx.drop_unsaved(&new);
    ctx.store.drop_refresh_lock(&new);
    ctx.emit(Event::Connection(new.clone()));
    ctx.emit(Event::Connection(old.clone()));
    emit_attempt(ctx, id)?;
    ctx.cache.forget(&new.0).await?;
    ctx.cache.forget(&old.0).await?;
    Ok(old)
}
