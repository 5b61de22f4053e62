//! Start at login: a desktop entry in the autostart folder. The entry itself is the setting, so removing it elsewhere
//! switches start at login off here.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use grapnel_core::make_private_directory;
use grapnel_model::error::{Code, Error, Result};
use tauri::{AppHandle, Manager};

use crate::arguments::HIDDEN;
use crate::deep_link::argument;

const NAME: &str = "dev.grapnel.desktop.desktop";

/// Whether Grapnel starts at login.
pub(crate) fn is_on(app: &AppHandle) -> bool {
    entry(app).and_then(std::fs::read_to_string).is_ok_and(|text| !is_switched_off(&text))
}

/// Switches the start at login on or off.
pub(crate) fn set(app: &AppHandle, on: bool) -> Result<()> {
    let done = entry(app).and_then(|path| if on { write(&path) } else { remove(&path) });
    done.map_err(|error| {
        Error::new(
            Code::DataUnwritable,
            format!("The entry for the start at login cannot be changed: {error}."),
        )
        .means("Whether Grapnel starts at login is unchanged.")
        .hint(format!("It is {NAME} in the folder autostart of your configuration."))
    })
}

fn entry(app: &AppHandle) -> std::io::Result<PathBuf> {
    let config = app.path().config_dir().map_err(std::io::Error::other)?;
    Ok(config.join("autostart").join(NAME))
}

fn write(path: &Path) -> std::io::Result<()> {
    let program = std::env::current_exe()?;
    let program =
        program.to_str().ok_or_else(|| std::io::Error::other("this program’s path is not UTF-8"))?;
    make_private_directory(path.parent().unwrap_or(path))?;
    let unwritable = || std::io::Error::other("this program’s path cannot be in an entry");
    std::fs::write(path, text(program).ok_or_else(unwritable)?)
}

fn remove(path: &Path) -> std::io::Result<()> {
    std::fs::remove_file(path).or_else(
        |error| {
            if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
        },
    )
}

/// The text of the entry for a program at this path.
fn text(program: &str) -> Option<String> {
    let program = argument(program)?;
    Some(format!(
        "[Desktop Entry]\nType=Application\nName=Grapnel\nComment=Keeps connections alive\nIcon=grapnel-desktop\n\
         Exec={program} {HIDDEN}\nTerminal=false\n"
    ))
}

/// Whether the person has disabled the entry in the desktop's settings, which mark it instead of deleting it.
fn is_switched_off(text: &str) -> bool {
    text.lines().any(|line| matches!(line.trim(), "Hidden=true" | "X-GNOME-Autostart-enabled=false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_starts_this_program_hidden() {
        let entry = "[Desktop Entry]\nType=Application\nName=Grapnel\nComment=Keeps connections alive\n\
                     Icon=grapnel-desktop\nExec=/usr/bin/grapnel-desktop --hidden\nTerminal=false\n";
        assert_eq!(text("/usr/bin/grapnel-desktop").as_deref(), Some(entry));
    }

    #[test]
    fn it_is_written_removed_and_switched_off_by_the_desktop() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("autostart").join(NAME);
        remove(&path).unwrap();
        write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(std::env::current_exe().unwrap().to_str().unwrap()) && !is_switched_off(&text));
        assert!(is_switched_off(&(text.clone() + "Hidden=true\n")));
        assert!(is_switched_off(&(text + "X-GNOME-Autostart-enabled=false\n")));
        remove(&path).unwrap();
        assert!(!path.exists());
    }
}
