//! Writes that wait for the next commit.

use std::sync::{Arc, Mutex};

use grapnel_model::error::Result;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// Writes that wait for a commit.
pub(crate) type Waiting = Arc<Mutex<Vec<Write>>>;

/// One of them, and who waits for it.
pub(crate) struct Write {
    /// The write.
    pub make: Make,
    /// Who waits for the result.
    pub told: oneshot::Sender<Result<()>>,
}

/// A write, as part of a transaction.
pub(crate) type Make = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;
