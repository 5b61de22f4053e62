//! Core dumps, which would hold what the memory of this process holds.

/// Keeps the memory of this process, which holds keys and tokens, out of core dumps. Programs that it starts inherit
/// that.
#[cfg(unix)]
pub fn forbid() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // Linux pipes a dump to its handler (such as systemd-coredump) whatever the limit is, but for a limit of one byte.
    const LIMIT: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };
    let maximum = getrlimit(Resource::Core).maximum;
    let current = Some(maximum.map_or(LIMIT, |maximum| maximum.min(LIMIT)));
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current, maximum }) {
        tracing::warn!(%error, "a crash may write secrets to the disk");
    }
}

/// There is no such limit there.
#[cfg(not(unix))]
pub fn forbid() {}
