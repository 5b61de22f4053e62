//! Processes that ask for a token.

use grapnel_model::activity::RequestingProcess;

/// A process, by the file that it executes. Linux tells that; elsewhere only the number is known. What a process calls
/// itself does not count: it can call itself anything.
pub fn requesting_process(pid: u32) -> RequestingProcess {
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    RequestingProcess { program: program.map(|path| path.to_string_lossy().into_owned()), pid }
}
