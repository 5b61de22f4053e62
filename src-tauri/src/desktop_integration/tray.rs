//! The tray icon: the worst status of all connections, and a menu with those that need attention. It is off by default.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod native;
mod status_text;

#[cfg(target_os = "linux")]
pub(crate) use linux::Tray;
#[cfg(target_os = "linux")]
pub(super) use linux::host;
#[cfg(not(target_os = "linux"))]
pub(crate) use native::Tray;
#[cfg(not(target_os = "linux"))]
pub(super) use native::host;
