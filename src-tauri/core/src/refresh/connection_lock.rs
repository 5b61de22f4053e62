//! The locks by which one task of one process of this computer refreshes a connection.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use tokio::sync::OwnedMutexGuard;

use crate::context::Context;

/// How long to wait for another process that refreshes the connection: longer than a refresh takes, unless its disk
/// fails.
const OTHER_PROCESS_TIMEOUT: Duration = Duration::from_secs(90);

/// Keeps a connection from being refreshed by this computer, for as long as it is held.
pub(crate) struct HeldConnection {
    _in_process: OwnedMutexGuard<()>,
    _file: Arc<File>,
}

/// Waits until nothing on this computer refreshes a connection, and keeps it so.
pub(crate) async fn hold(ctx: &Context, id: &ConnectionId) -> Result<HeldConnection> {
    let in_process = ctx.refresh_lock(id).lock_owned().await;
    Ok(HeldConnection { _in_process: in_process, _file: lock_connection(ctx, id).await? })
}

/// Waits until no other process refreshes this connection.
pub(super) async fn lock_connection(ctx: &Context, id: &ConnectionId) -> Result<Arc<File>> {
    // While it has unsaved tokens, this process still holds the lock.
    if let Some(unsaved) = ctx.unsaved(id) {
        return Ok(unsaved.refresh_lock);
    }
    if let Some(lock) = ctx.store.try_refresh_lock(id)? {
        return Ok(Arc::new(lock));
    }
    let (store, id) = (ctx.store.clone(), id.clone());
    let locked = tokio::task::spawn_blocking(move || store.refresh_lock(&id));
    let locked = tokio::time::timeout(OTHER_PROCESS_TIMEOUT, locked).await.map_err(|_| lock_timed_out())?;
    let interrupted = |_| Error::new(Code::Internal, "Waiting for another process was interrupted.");
    Ok(Arc::new(locked.map_err(interrupted)??))
}

fn lock_timed_out() -> Error {
    Error::new(
        Code::DataBusy,
        "Another Grapnel process has been refreshing this connection for more than a minute.",
    )
    .means("It may hold new tokens that it cannot write to the disk. Nothing was changed here.")
    .hint("Look whether the disk is full, then try again.")
}
