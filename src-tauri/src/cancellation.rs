//! Cancels calls that the page waits for.

use std::collections::HashMap;

use grapnel_model::error::{Code, Error, Result};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The running calls that can be cancelled, by the number that the page gave them.
#[derive(Default)]
pub(crate) struct CancellableCalls(Mutex<HashMap<u32, oneshot::Sender<()>>>);

impl CancellableCalls {
    /// Runs `work` until it finishes or the call is cancelled.
    ///
    /// # Errors
    ///
    /// [`Code::Cancelled`], or an error of `work`.
    pub(crate) async fn run<T>(&self, call: u32, work: impl Future<Output = Result<T>>) -> Result<T> {
        let (cancel, cancelled) = oneshot::channel();
        self.calls().insert(call, cancel);
        let done = tokio::select! {
            done = work => done,
            Ok(()) = cancelled => Err(Error::new(Code::Cancelled, "Cancelled.")),
        };
        // By now the number may belong to another call, whose receiver is open.
        let mut calls = self.calls();
        if calls.get(&call).is_some_and(oneshot::Sender::is_closed) {
            calls.remove(&call);
        }
        drop(calls);
        done
    }

    /// Cancels a call if it is still running.
    pub(crate) fn cancel(&self, call: u32) {
        if let Some(cancel) = self.calls().remove(&call) {
            let _ = cancel.send(());
        }
    }

    fn calls(&self) -> parking_lot::MutexGuard<'_, HashMap<u32, oneshot::Sender<()>>> {
        self.0.lock()
    }
}
