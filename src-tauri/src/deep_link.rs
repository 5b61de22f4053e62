//! The private-use URI scheme (RFC 8252 §7.1): finds the program that opens its links, and registers this program.

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

/// Registers this program for the scheme, unless it is registered already. On macOS the application bundle does.
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
