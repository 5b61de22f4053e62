//! The first page of the window. What can wait until it is painted does, so that it does not slow the start.

use std::time::Duration;

use tokio::sync::Notify;

/// The longest wait. A window that starts hidden paints nothing.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Whether the window has painted its first page.
#[derive(Debug, Default)]
pub(crate) struct FirstPage(Notify);

impl FirstPage {
    /// Records that the page is painted.
    pub(crate) fn painted(&self) {
        self.0.notify_one();
    }

    /// Waits until the page is painted, or has had enough time for it. There is one waiter.
    pub(crate) async fn wait(&self) {
        let _ = tokio::time::timeout(TIMEOUT, self.0.notified()).await;
    }
}
