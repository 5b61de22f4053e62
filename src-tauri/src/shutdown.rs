//! The state of the program's shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The state of the program's shutdown.
#[derive(Default)]
pub(crate) struct Shutdown {
    /// Its reference count is the number of starts that are still being handled.
    pending_starts: Arc<()>,
    has_begun: AtomicBool,
    /// Whether another process was started because this one's page did not load.
    #[cfg(target_os = "linux")]
    is_handed_over: AtomicBool,
    /// Whether no request is in flight any more.
    is_finished: AtomicBool,
}

impl Shutdown {
    /// A guard that delays the exit, so that a callback that arrived just before it is handled.
    pub(crate) fn delay(&self) -> impl Send + 'static + use<> {
        Arc::clone(&self.pending_starts)
    }

    pub(crate) fn has_pending_starts(&self) -> bool {
        Arc::strong_count(&self.pending_starts) > 1
    }

    /// Begins the shutdown. Returns whether it had begun before.
    pub(crate) fn begin(&self) -> bool {
        self.has_begun.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Records that another process replaces this one.
    #[cfg(target_os = "linux")]
    pub(crate) fn hand_over(&self) {
        self.is_handed_over.store(true, Ordering::Relaxed);
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn is_handed_over(&self) -> bool {
        self.is_handed_over.load(Ordering::Relaxed)
    }

    /// Records that no request is in flight any more.
    pub(crate) fn finish(&self) {
        self.is_finished.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Relaxed)
    }
}
