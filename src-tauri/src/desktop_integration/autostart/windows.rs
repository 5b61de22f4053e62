//! An entry in the registry of Windows, for this user.

use std::io;

use tauri::AppHandle;
use windows_registry::CURRENT_USER;

use super::program::program;
use super::run_entry::{command, is_switched_off};

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
/// Where the Task Manager marks entries that the person has disabled.
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";
const NAME: &str = "dev.grapnel.desktop";
/// Where the entry is.
pub(super) const PLACE: &str = "It is “dev.grapnel.desktop” under Startup apps in the Task Manager.";

pub(super) fn is_on(_: &AppHandle) -> bool {
    let mark = CURRENT_USER.open(APPROVED).and_then(|key| key.get_value(NAME));
    let is_entered = CURRENT_USER.open(RUN).is_ok_and(|key| key.get_string(NAME).is_ok());
    is_entered && !mark.is_ok_and(|mark| is_switched_off(&mark))
}

pub(super) fn set(_: &AppHandle, on: bool) -> io::Result<()> {
    let entries = CURRENT_USER.create(RUN)?;
    if let Ok(marks) = CURRENT_USER.options().write().open(APPROVED) {
        // There is none, unless the person has disabled the entry.
        let _ = marks.remove_value(NAME);
    }
    if on {
        entries.set_string(NAME, command(&program()?))?;
    } else if entries.get_string(NAME).is_ok() {
        entries.remove_value(NAME)?;
    }
    Ok(())
}
