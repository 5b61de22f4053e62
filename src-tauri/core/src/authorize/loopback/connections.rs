//! Limits the connections to a loopback server, so that a program that opens many can neither use up this process's
//! file descriptors nor keep the browser out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::AbortHandle;

/// The most open connections. Beyond that, the oldest without a callback is closed.
const MAX_CONNECTIONS: usize = 32;

/// The task of each connection, and whether it carries a callback.
#[derive(Default)]
pub(super) struct Connections(VecDeque<(AbortHandle, Arc<AtomicBool>)>);

impl Connections {
    /// Adds a connection. `converse` sets the flag once it has received a callback.
    pub(super) fn add<F>(&mut self, converse: impl FnOnce(Arc<AtomicBool>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.retain(|(task, _)| !task.is_finished());
        if self.0.len() >= MAX_CONNECTIONS {
            let Some(oldest) = self.0.iter().position(|(_, is_busy)| !is_busy.load(Ordering::Relaxed)) else {
                return;
            };
            if let Some((task, _)) = self.0.remove(oldest) {
                task.abort();
            }
        }
        let is_busy = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(converse(Arc::clone(&is_busy)));
        self.0.push_back((task.abort_handle(), is_busy));
    }
}
