//! Removes a shared connection from this computer only. The team keeps it, and nothing is revoked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_store::{connection, shared_connection};

use crate::context::Context;
use crate::{authorize, refresh, shared_record};

/// How long to wait for the team's lock, if it lacks the newest tokens.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);

/// Removes it, with its history and its cached content. With `writes`, the team gets new tokens that it does not have
/// yet before that.
pub(crate) async fn forget(ctx: &Arc<Context>, id: &ConnectionId, writes: bool) -> Result<()> {
    if !authorize::clear(ctx, None, Some(id))? {
        return Err(Error::new(Code::InvalidInput, "This connection is about to be connected.")
            .means("Nothing was removed.")
            .hint("Cancel the sign-in first."));
    }
    let held = refresh::hold(ctx, id).await?;
    let shared = ctx.store.read(|c| shared_connection::get(c, id))?.ok_or_else(Error::no_connection)?;
    if writes && ctx.store.read(|c| shared_connection::is_pending(c, id))? {
        // The new tokens are only here: without them, the whole team would have to sign in again.
        let pushed = async {
            let session = shared_record::session(ctx, &shared.team_id).await?;
            shared_record::push(ctx, &session, id, Instant::now() + LOCK_TIMEOUT).await
        };
        pushed.await.map_err(|error| {
            error
                .means("Nothing was removed: this computer has new tokens that the team does not have yet.")
                .hint("Try again when the team’s database can be reached.")
        })?;
    }
    let _busy = ctx.begin_uninterruptible().await;
    ctx.store.write(|tx| {
        shared_connection::set_forgotten(tx, &shared.team_id, &shared.record_id)?;
        shared_connection::remove(tx, id)?;
        if let Some(row) = connection::get(tx, id)? {
            connection::clear_grant(tx, id, row.version)?;
        }
        connection::remove(tx, id)
    })?;
    drop(held);
    ctx.drop_unsaved(id);
    ctx.store.drop_refresh_lock(id);
    ctx.emit(Event::Connection(id.clone()));
    ctx.emit(Event::Teams);
    ctx.cache.forget(&id.0).await
}
