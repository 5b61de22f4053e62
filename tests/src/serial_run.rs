//! Limits how many stories run at once: each needs a browser and a window.

use std::fs::{File, TryLockError};
use std::num::NonZero;
use std::thread::available_parallelism;

use anyhow::{Context, Result};

use crate::artifacts;
use crate::wait::within;

/// How long to wait for a turn: longer than any queue of stories takes.
const LINE: std::time::Duration = std::time::Duration::from_secs(1800);

/// The right to run, released when dropped; the operating system releases it after a crash.
#[derive(Debug)]
pub(crate) struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits for a turn among the stories of all processes of this checkout.
    pub(crate) async fn take() -> Result<Self> {
        let dir = artifacts::stories();
        std::fs::create_dir_all(&dir)?;
        // A story keeps a processor busy.
        let places = available_parallelism().map_or(1, NonZero::get);
        let locks = (0..places)
            .map(|number| File::create(dir.join(format!("turn-{number}"))))
            .collect::<Result<Vec<_>, _>>()
            .context("where stories stand in line")?;
        within(LINE, "a turn to run", async || {
            for lock in &locks {
                match lock.try_lock() {
                    Ok(()) => return Ok(Some(Self { _lock: lock.try_clone()? })),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(error)) => return Err(error.into()),
                }
            }
            Ok(None)
        })
        .await
    }
}
