//! The connections to a loopback address. They are limited, so that nobody who opens many can use up this process's
//! file descriptors or keep the browser out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::AbortHandle;

/// How many are open at once. Beyond that, the oldest that has brought nothing yet gives way.
const MAX_CONNECTIONS: usize = 32;

/// A connection's task, and whether it has brought an answer.
#[derive(Default)]
pub(super) struct Connections(VecDeque<(AbortHandle, Arc<AtomicBool>)>);

impl Connections {
    /// Begins with another connection. `converse` sets the flag once it has brought an answer.
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
