//! Calls that the window may cancel while it waits for them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use grapnel_model::error::{Code, Error, Result};
use tokio::sync::oneshot;

/// The calls that can be cancelled, by the number the window gave them.
#[derive(Default)]
pub(crate) struct Calls(Mutex<HashMap<u32, oneshot::Sender<()>>>);

impl Calls {
    /// Waits for `work`, or for the call to be cancelled.
    pub(crate) async fn run<T>(&self, call: u32, work: impl Future<Output = Result<T>>) -> Result<T> {
        let (cancel, cancelled) = oneshot::channel();
        self.calls().insert(call, cancel);
        let done = tokio::select! {
            done = work => done,
            Ok(()) = cancelled => Err(Error::new(Code::Cancelled, "Cancelled.")),
        };
        // The number may be another call's by now, whose receiver is open.
        let mut calls = self.calls();
        if calls.get(&call).is_some_and(oneshot::Sender::is_closed) {
            calls.remove(&call);
        }
        drop(calls);
        done
    }

    /// Cancels a call, if it still goes on.
    pub(crate) fn cancel(&self, call: u32) {
        if let Some(cancel) = self.calls().remove(&call) {
            let _ = cancel.send(());
        }
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<u32, oneshot::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
