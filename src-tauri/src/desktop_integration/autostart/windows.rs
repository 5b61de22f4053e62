//! An entry in the registry of Windows, for this user.

use std::io;

use tauri::AppHandle;
use windows_registry::{CURRENT_USER, Key};

use super::program::program;
use super::run_entry::{command, is_switched_off};

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
/// Where the Task Manager marks entries that the person has disabled.
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";
const NAME: &str = "dev.grapnel.desktop";
/// Where the entry is.
pub(super) const PLACE: &str = "It is “dev.grapnel.desktop” under Startup apps in the Task Manager.";

pub(super) fn is_on(_: &AppHandle) -> bool {
    is_enabled(CURRENT_USER)
}

pub(super) fn set(_: &AppHandle, on: bool) -> io::Result<()> {
    enter(CURRENT_USER, on.then(program).transpose()?.as_deref())
}

fn is_enabled(user: &Key) -> bool {
    let mark = user.open(APPROVED).and_then(|key| key.get_value(NAME));
    let is_entered = user.open(RUN).is_ok_and(|key| key.get_string(NAME).is_ok());
    is_entered && !mark.is_ok_and(|mark| is_switched_off(&mark))
}

/// Writes the entry for a program, or removes it.
fn enter(user: &Key, program: Option<&str>) -> io::Result<()> {
    let entries = user.create(RUN)?;
    if let Ok(marks) = user.options().write().open(APPROVED) {
        // There is none, unless the person has disabled the entry.
        let _ = marks.remove_value(NAME);
    }
    if let Some(program) = program {
        entries.set_string(NAME, command(program))?;
    } else if entries.get_string(NAME).is_ok() {
        entries.remove_value(NAME)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use windows_registry::Type;

    use super::*;
    use crate::test_registry::TestKey;

    #[test]
    fn the_entry_is_written_and_removed_and_enabled_again() {
        let user = TestKey::of("start at login");
        assert!(!is_enabled(&user));
        enter(&user, None).unwrap();
        enter(&user, Some(r"C:\Users\Ä B\grapnel-desktop.exe")).unwrap();
        assert!(is_enabled(&user));
        let entry = user.open(RUN).unwrap().get_string(NAME).unwrap();
        assert_eq!(entry, r#""C:\Users\Ä B\grapnel-desktop.exe" --hidden"#);

        // As the Task Manager does.
        let marks = user.create(APPROVED).unwrap();
        marks.set_bytes(NAME, Type::Bytes, &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        assert!(!is_enabled(&user));
        enter(&user, Some(r"C:\grapnel-desktop.exe")).unwrap();
        assert!(is_enabled(&user));
        assert!(marks.get_value(NAME).is_err());

        enter(&user, None).unwrap();
        assert!(!is_enabled(&user));
        assert!(user.open(RUN).unwrap().get_string(NAME).is_err());
    }
}
