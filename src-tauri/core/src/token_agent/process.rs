//! Processes that request a token.

use grapnel_model::activity::RequestingProcess;

/// A process, identified by its executable. Only Linux reports that; on other systems only the process ID is known. A
/// process's own name is not used, since it can be set to anything.
pub fn requesting_process(pid: u32) -> RequestingProcess {
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    RequestingProcess { program: program.map(|path| path.to_string_lossy().into_owned()), pid }
}
