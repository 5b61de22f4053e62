//! Which process asks for a token: the one that started this one.

use grapnel_core::activity::Asker;

/// The process that started this one.
#[cfg(unix)]
pub(crate) fn asker() -> Asker {
    let pid = std::os::unix::process::parent_id();
    // Linux tells the name of a process there. Elsewhere only the number is known.
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok();
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    Asker { name, pid }
}

/// This process itself, where the system does not tell which one started it.
#[cfg(not(unix))]
pub(crate) fn asker() -> Asker {
    Asker { name: None, pid: std::process::id() }
}
