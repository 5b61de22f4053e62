//! The process group of a hook: what the hook started ends with it when its time is over.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// A process group whose leader has not been waited for. It gets SIGTERM if this is dropped, such as when Grapnel ends.
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// The group that `leader` was started as.
    pub(super) fn of(leader: &Child) -> Self {
        Self(leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Sends SIGTERM to every process of the group.
    pub(super) fn terminate(&self) {
        self.send(Signal::TERM);
    }

    /// Sends SIGKILL to every process of the group.
    pub(super) fn kill(&self, _: &mut Child) {
        self.send(Signal::KILL);
    }

    /// Its leader has ended.
    pub(super) fn release(&mut self) {
        self.0 = None;
    }

    fn send(&self, signal: Signal) {
        // A group that has ended needs no signal.
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.terminate();
    }
}
