//! Processes that request a token.

use std::path::PathBuf;

use grapnel_model::activity::RequestingProcess;

/// A process, identified by its executable, as the system reports it. A process's own name is not used, since it can be
/// set to anything.
pub fn requesting_process(pid: u32) -> RequestingProcess {
    RequestingProcess { program: program(pid).map(|path| path.to_string_lossy().into_owned()), pid }
}

#[cfg(target_os = "linux")]
fn program(pid: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/exe")).ok()
}

#[cfg(not(target_os = "linux"))]
fn program(pid: u32) -> Option<PathBuf> {
    grapnel_token_client::process_table::process(pid)?.program
}
