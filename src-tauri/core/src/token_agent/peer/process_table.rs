//! A peer as macOS and Windows describe it.

use std::fs::canonicalize;
use std::path::Path;

use grapnel_model::activity::RequestingProcess;
use grapnel_token_client::process_table::process;

use super::command_line::command_line;
use crate::token_agent::process::requesting_process;

/// The process at the other end of a connection. When it started distinguishes it from a later one with the same ID.
pub(in crate::token_agent) struct Peer {
    pid: u32,
    started: u64,
}

impl Peer {
    /// `None` if the process has ended.
    pub(in crate::token_agent) fn of(pid: u32) -> Option<Self> {
        process(pid).map(|found| Self { pid, started: found.started })
    }

    /// Identifies the process by its executable, as the system reports it while the process waits for the response.
    /// Nothing that the process says about itself is used. If it is a command-line program of this build, its parent is
    /// named instead, if that still runs: its ID may be that of a later process.
    pub(in crate::token_agent) fn process(&self) -> Option<RequestingProcess> {
        let found = process(self.pid)?;
        let passes_on = found
            .parent
            .filter(|_| found.program.as_deref().is_some_and(is_command_line))
            .filter(|parent| process(*parent).is_some_and(|parent| parent.started <= found.started));
        let requesting = requesting_process(passes_on.unwrap_or(self.pid));
        process(self.pid).is_some_and(|found| found.started == self.started).then_some(requesting)
    }
}

/// Whether a file is one of this build's command line, and not another one with the same name.
fn is_command_line(program: &Path) -> bool {
    canonicalize(program)
        .is_ok_and(|program| command_line().any(|own| canonicalize(own).is_ok_and(|own| own == program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_named_by_its_executable_and_another_start_is_another_process() {
        let this = Peer::of(std::process::id()).unwrap();
        let named = this.process().unwrap();
        assert_eq!(named.pid, std::process::id());
        let program = canonicalize(named.program.unwrap()).unwrap();
        assert_eq!(program, canonicalize(std::env::current_exe().unwrap()).unwrap());
        assert_eq!(Peer { started: this.started + 1, ..this }.process(), None);
    }
}
