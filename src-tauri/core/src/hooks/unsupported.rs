//! Where there are no process groups: only the hook's own process is ended.

use tokio::process::Child;

/// A process that is ended alone.
pub(super) struct ProcessGroup;

impl ProcessGroup {
    pub(super) fn of(_: &Child) -> Self {
        Self
    }

    /// There is no request to end.
    pub(super) fn terminate(&self) {
        let _ = self;
    }

    /// Ends the process.
    pub(super) fn kill(&self, child: &mut Child) {
        let _ = (self, child.start_kill());
    }

    pub(super) fn release(&mut self) {
        let _ = self;
    }
}
