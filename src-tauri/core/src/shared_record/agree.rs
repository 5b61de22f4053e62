//! Brings a connection here and its record to the same state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use grapnel_store::shared_connection::{self, SharedRow};
use grapnel_team::port::{RecordId, RecordLock};

use super::apply::apply as apply_record;
use super::push::{keep_pending, push, push_locked};
use super::record::Record;
use super::session::session;
use super::unusable::{clear_conflict, note_conflict};
use crate::context::Context;
use crate::signed_in::SignedIn;
use crate::team_session::TeamSession;

/// Takes over what a newer record says. Returns whether anything was stored: a connection that changed meanwhile is
/// left as it is.
pub(crate) async fn apply(
    ctx: &Arc<Context>,
    of: &SignedIn,
    shared: &SharedRow,
    record: &Record,
) -> Result<bool> {
    apply_record(ctx, of, shared, record, None).await
}

/// Reads the record of a connection, and takes over what it says if it is newer than what was seen. A connection whose
/// grant the team does not have is left as it is.
pub(crate) async fn pull(ctx: &Arc<Context>, team: &TeamSession, id: &ConnectionId) -> Result<bool> {
    let Some(shared) = ctx.store.read(|c| shared_connection::get(c, id))? else { return Ok(false) };
    tracing::trace!(target: "grapnel_core::point", "before-pull-read");
    let record = team.read(ctx, &shared).await?;
    // Reading has told whether it was rolled back, or is not any more.
    let was_unusable = |error: &Error| error.code != Code::TeamConflict && !error.code.is_of_team_content();
    if record.version == shared.record_version && shared.conflict.as_ref().is_some_and(was_unusable) {
        clear_conflict(ctx, &shared)?;
    }
    let of = SignedIn::load(ctx, id)?;
    if record.version <= shared.record_version || of.connection.version != shared.grant_version {
        return Ok(false);
    }
    apply(ctx, &of, &shared, &record).await
}

/// Like [`pull`]; an error of the record alone is stored with the connection.
pub(crate) async fn pull_or_note(ctx: &Arc<Context>, team: &TeamSession, shared: &SharedRow) -> Result<()> {
    match pull(ctx, team, &shared.connection_id).await {
        Err(error) if error.code == Code::TeamUnreachable => Err(error),
        Err(error) => {
            // What reading has noted is not told twice.
            let shared = ctx.store.read(|c| shared_connection::get(c, &shared.connection_id))?;
            shared.map_or(Ok(()), |shared| note_conflict(ctx, &shared, &error))
        }
        Ok(_) => Ok(()),
    }
}

/// How long a write that nobody waits for waits for the team's lock.
const PUSH_LOCK_TIMEOUT: Duration = Duration::from_secs(20);

/// Writes what the team does not have of a connection, if it is shared. While it is refreshed, that writes it.
pub(crate) async fn push_pending(ctx: &Arc<Context>, id: &ConnectionId) -> Result<()> {
    let of =
        ctx.store.read(|c| Ok((shared_connection::get(c, id)?, shared_connection::is_pending(c, id)?)))?;
    let (Some(shared), true) = of else { return Ok(()) };
    let pushed = async {
        let team = session(ctx, &shared.team_id).await?;
        push(ctx, &team, id, Instant::now() + PUSH_LOCK_TIMEOUT).await
    };
    pushed.await.map(drop).inspect_err(|error| keep_pending(ctx, id, error))
}

/// A shared connection that is locked in its team, with the newest grant here.
pub(crate) struct HeldRecord {
    team: Arc<TeamSession>,
    lock: Box<dyn RecordLock>,
}

/// Locks a connection in its team, and takes over what is newer there; `None` if it is not shared.
pub(crate) async fn hold(ctx: &Arc<Context>, id: &ConnectionId) -> Result<Option<HeldRecord>> {
    let Some(shared) = ctx.store.read(|c| shared_connection::get(c, id))? else { return Ok(None) };
    let team = session(ctx, &shared.team_id).await?;
    let lock = team.lock_any_version(ctx, &RecordId(shared.record_id), PUSH_LOCK_TIMEOUT).await?;
    pull(ctx, &team, id).await?;
    Ok(Some(HeldRecord { team, lock }))
}

impl HeldRecord {
    /// Writes what was changed here; later, if the team cannot be reached now.
    pub(crate) async fn push(self, ctx: &Arc<Context>, id: &ConnectionId) {
        if let Err(error) = push_locked(ctx, &self.team, id).await {
            keep_pending(ctx, id, &error);
        }
        // If the session is gone, the lock is gone with it.
        let _ = self.lock.release().await;
    }

    /// Releases the lock; nothing was changed here.
    pub(crate) async fn release(self) {
        let _ = self.lock.release().await;
    }
}
