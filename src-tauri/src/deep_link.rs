//! Our own scheme (RFC 8252 §7.1): who opens its links on this system, and making that this program.

#[cfg(target_os = "linux")]
mod desktop_entry;
mod handler;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use desktop_entry::argument;
pub(crate) use handler::{Owner, SCHEME};
#[cfg(target_os = "linux")]
pub(crate) use linux::{owner, register};

#[cfg(not(target_os = "linux"))]
pub(crate) fn owner() -> Owner {
    Owner::Unknown
}

/// Makes this program the one that opens the scheme, unless it is already; on macOS its bundle says so.
#[cfg(not(target_os = "linux"))]
pub(crate) fn register(app: &tauri::AppHandle) {
    use tauri_plugin_deep_link::DeepLinkExt;

    if cfg!(target_os = "macos") || app.deep_link().is_registered(SCHEME).unwrap_or(false) {
        return;
    }
    if let Err(error) = app.deep_link().register_all() {
        tracing::warn!(%error, "callbacks by deep link will not arrive");
    }
}
