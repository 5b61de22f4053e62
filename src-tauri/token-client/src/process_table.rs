//! Processes as macOS and Windows describe them. Linux has files for that (`/proc`).

use std::path::PathBuf;
use std::sync::OnceLock;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, Uid, UpdateKind};

/// A process that runs.
#[derive(Debug)]
pub struct Process {
    /// The file that it executes, if this process may know it.
    pub program: Option<PathBuf>,
    /// The process that started it. That one may have ended.
    pub parent: Option<u32>,
    /// When it started. A process with the same ID that started at another time is another one.
    pub started: u64,
    user: Option<Uid>,
}

/// The process with this ID; `None` if it has ended.
pub fn process(pid: u32) -> Option<Process> {
    let mut system = System::new();
    let pid = Pid::from_u32(pid);
    let wanted = ProcessRefreshKind::nothing()
        .with_exe(UpdateKind::Always)
        .with_user(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
    let found = system.process(pid)?;
    Some(Process {
        program: found.exe().map(Into::into),
        parent: found.parent().map(Pid::as_u32),
        started: found.start_time(),
        user: found.user_id().cloned(),
    })
}

/// Whether a process runs as the same user as this one.
pub fn is_of_this_user(pid: u32) -> bool {
    process(pid).and_then(|process| process.user).is_some_and(|user| Some(&user) == own_user())
}

/// The user of this process. Each look-up on Windows goes through every process, so there is one.
fn own_user() -> Option<&'static Uid> {
    static USER: OnceLock<Uid> = OnceLock::new();
    if let Some(user) = USER.get() {
        return Some(user);
    }
    let user = process(std::process::id())?.user?;
    Some(USER.get_or_init(|| user))
}

/// The security identifier of the user of this process, such as `S-1-5-21-…`.
#[cfg(windows)]
pub fn this_user() -> Option<String> {
    own_user().map(|user| user.to_string())
}
