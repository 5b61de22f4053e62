//! How many files and connections the process may have open.

/// More than Grapnel needs with ten thousand connections, and few enough for a browser that it starts, which inherits
/// the limit.
#[cfg(unix)]
const WANTED: u64 = 8_192;

/// Raises the limit that the system sets at first, as far as it allows: locks, connections to providers and those that
/// other programs make here share it. Where that fails, the first limit holds.
#[cfg(unix)]
pub fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    if current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
    {
        tracing::warn!(%error, "the limit of open files stays");
    }
}

/// There is no such limit here.
#[cfg(not(unix))]
pub fn raise_limit() {}
