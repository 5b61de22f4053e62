//! The queue of the group commit.

use std::sync::Arc;

use grapnel_model::error::Result;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// The writes that wait for the next commit.
pub(crate) type WriteQueue = Arc<Mutex<Vec<PendingWrite>>>;

/// A queued write.
pub(crate) struct PendingWrite {
    /// The write.
    pub run: WriteFn,
    /// Receives the result.
    pub done: oneshot::Sender<Result<()>>,
}

/// A write, as part of a transaction.
pub(crate) type WriteFn = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;
