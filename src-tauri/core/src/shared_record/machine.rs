//! The name of this computer, as the other members of a team see it.

use grapnel_model::text::clean_line;

/// The longest name that is shown.
const MAX_NAME_CHARS: usize = 64;

/// The name of this computer.
pub(crate) fn machine_name() -> String {
    let name: String = clean_line(&host_name()).chars().take(MAX_NAME_CHARS).collect();
    if name.trim().is_empty() { "an unnamed computer".to_owned() } else { name }
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
