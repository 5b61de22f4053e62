//! How far the program is on its way out, for those who act otherwise then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far the program is on its way out.
#[derive(Default)]
pub(crate) struct Ending {
    /// Held by each start whose errand is not done.
    errands: Arc<()>,
    has_begun: AtomicBool,
    /// Whether another Grapnel takes its place, because the page of this one did not begin.
    is_handed_over: AtomicBool,
    /// Whether nothing is on its way any more.
    is_finished: AtomicBool,
}

impl Ending {
    /// For as long as it is held, the program does not end, within its patience: a callback that came just before is
    /// taken in.
    pub(crate) fn errand(&self) -> impl Send + 'static + use<> {
        Arc::clone(&self.errands)
    }

    pub(crate) fn has_errands(&self) -> bool {
        Arc::strong_count(&self.errands) > 1
    }

    /// Begins the end; answers whether it had begun already.
    pub(crate) fn begin(&self) -> bool {
        self.has_begun.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Notes that another Grapnel takes the place of this one.
    #[cfg(target_os = "linux")]
    pub(crate) fn hand_over(&self) {
        self.is_handed_over.store(true, Ordering::Relaxed);
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn is_handed_over(&self) -> bool {
        self.is_handed_over.load(Ordering::Relaxed)
    }

    /// Notes that nothing is on its way any more.
    pub(crate) fn finish(&self) {
        self.is_finished.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Relaxed)
    }
}
