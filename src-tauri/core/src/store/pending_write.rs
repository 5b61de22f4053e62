//! Writes that wait for the next commit.

use std::sync::{Arc, Mutex};

use grapnel_model::error::Result;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// Writes that wait for a commit.
pub(super) type Waiting = Arc<Mutex<Vec<Write>>>;

/// One of them, and who waits for it.
pub(super) struct Write {
    pub(super) make: Make,
    pub(super) told: oneshot::Sender<Result<()>>,
}

pub(super) type Make = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;
