//! The limit of open files and connections.

/// More than Grapnel needs with ten thousand connections, and few enough for a browser that it starts, which inherits
/// the limit.
#[cfg(unix)]
const TARGET_LIMIT: u64 = 8_192;

/// Raises the soft limit of open files as far as the system allows. If that fails, the limit stays.
#[cfg(unix)]
pub fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(TARGET_LIMIT, |maximum| maximum.min(TARGET_LIMIT));
    if current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// This platform has no such limit.
#[cfg(not(unix))]
pub fn raise_limit() {}
