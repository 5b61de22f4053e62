//! Start at login. The system's own entry is the setting, so removing it elsewhere switches start at login off here.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "macos", test))]
#[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "the tests run on every platform"))]
mod macos;
mod program;
#[cfg(any(windows, test))]
#[cfg_attr(not(windows), allow(dead_code, reason = "the tests run on every platform"))]
mod run_entry;
#[cfg(windows)]
mod windows;

use grapnel_model::error::{Code, Error, Result};
use tauri::AppHandle;

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(target_os = "macos")]
use macos as platform;
#[cfg(windows)]
use windows as platform;

/// Whether Grapnel starts at login.
pub(crate) fn is_on(app: &AppHandle) -> bool {
    platform::is_on(app)
}

/// Switches the start at login on or off.
pub(crate) fn set(app: &AppHandle, on: bool) -> Result<()> {
    platform::set(app, on).map_err(|error| {
        Error::new(
            Code::DataUnwritable,
            format!("The entry for the start at login cannot be changed: {error}."),
        )
        .means("Whether Grapnel starts at login is unchanged.")
        .hint(platform::PLACE)
    })
}
