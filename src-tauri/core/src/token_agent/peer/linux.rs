//! A peer as Linux describes it, in `/proc`.

use std::fs::{Metadata, metadata, read_to_string};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

use grapnel_model::activity::RequestingProcess;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::command_line::command_line;
use crate::token_agent::process::requesting_process;

/// The process at the other end of a connection. It is held by a pidfd, so that its number cannot be reused while it is
/// examined.
pub(in crate::token_agent) struct Peer {
    pid: u32,
    held: OwnedFd,
}

impl Peer {
    /// `None` if the process has ended.
    pub(in crate::token_agent) fn of(pid: u32) -> Option<Self> {
        let held = pidfd_open(Pid::from_raw(pid.try_into().ok()?)?, PidfdFlags::empty()).ok()?;
        Some(Self { pid, held })
    }

    /// Identifies the process by its executable, as the system reports it while the process waits for the response.
    /// Nothing that the process says about itself is used. If it is a command-line program of this build, its parent is
    /// named instead.
    pub(in crate::token_agent) fn process(&self) -> Option<RequestingProcess> {
        let passes_on = is_command_line(self.pid).then(|| parent(self.pid)).flatten();
        let process = requesting_process(passes_on.unwrap_or(self.pid));
        self.lives().then_some(process)
    }

    fn lives(&self) -> bool {
        let mut ended = [PollFd::new(&self.held, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        matches!(poll(&mut ended, Some(&at_once)), Ok(0))
    }
}

/// Whether a process executes a file of this build's command line, and not another one with the same name.
fn is_command_line(pid: u32) -> bool {
    let same = |a: &Metadata, b: &Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    let Ok(executed) = metadata(format!("/proc/{pid}/exe")) else { return false };
    command_line().filter_map(|path| metadata(path).ok()).any(|own| same(&executed, &own))
}

fn parent(pid: u32) -> Option<u32> {
    let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain any character. After it: state, parent.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_process_is_found() {
        assert_eq!(parent(std::process::id()), Some(std::os::unix::process::parent_id()));
        assert_eq!(parent(u32::MAX), None);
    }

    #[test]
    fn an_ended_process_is_no_requester() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let peer = Peer::of(child.id()).unwrap();
        assert!(
            peer.process()
                .is_some_and(|process| process.program.is_some_and(|program| program.ends_with("sleep")))
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(peer.process(), None);
    }
}
