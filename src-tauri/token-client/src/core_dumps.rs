//! Prevents core dumps, which would contain keys and tokens.

/// Disables core dumps of this process, and of the programs it starts.
#[cfg(unix)]
pub fn forbid() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // Linux pipes a dump to its handler (such as systemd-coredump) whatever the limit is, unless it is one byte.
    const LIMIT: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };
    let maximum = getrlimit(Resource::Core).maximum;
    let current = Some(maximum.map_or(LIMIT, |maximum| maximum.min(LIMIT)));
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current, maximum }) {
        tracing::warn!(%error, "core dumps could not be disabled");
    }
}

/// This platform has no such limit.
#[cfg(not(unix))]
pub fn forbid() {}
