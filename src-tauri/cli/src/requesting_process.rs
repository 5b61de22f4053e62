//! The process that requests a token: the one that started this one.

/// The process that started this one.
#[cfg(unix)]
pub(crate) fn pid() -> u32 {
    std::os::unix::process::parent_id()
}

/// This process itself, if the system does not tell which one started it.
#[cfg(not(unix))]
pub(crate) fn pid() -> u32 {
    std::process::id()
}
