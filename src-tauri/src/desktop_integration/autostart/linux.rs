//! A desktop entry in the autostart folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use grapnel_core::make_private_directory;
use tauri::{AppHandle, Manager};

use super::program::program;
use crate::arguments::HIDDEN;
use crate::deep_link::argument;
use crate::program::is_flatpak;

const NAME: &str = "dev.grapnel.desktop.desktop";
/// Where the entry is.
pub(super) const PLACE: &str =
    "It is dev.grapnel.desktop.desktop in the folder autostart of your configuration.";

pub(super) fn is_on(app: &AppHandle) -> bool {
    entry(app).and_then(std::fs::read_to_string).is_ok_and(|text| !is_switched_off(&text))
}

pub(super) fn set(app: &AppHandle, on: bool) -> std::io::Result<()> {
    let path = entry(app)?;
    if !on {
        return remove(&path);
    }
    if is_flatpak() {
        return Err(std::io::Error::other(
            "a Flatpak cannot write it; add Grapnel to the programs that your desktop starts",
        ));
    }
    write(&path)
}

fn entry(app: &AppHandle) -> std::io::Result<PathBuf> {
    let config = app.path().config_dir().map_err(std::io::Error::other)?;
    Ok(config.join("autostart").join(NAME))
}

fn write(path: &Path) -> std::io::Result<()> {
    let program = program()?;
    make_private_directory(path.parent().unwrap_or(path))?;
    let unwritable = || std::io::Error::other("this program’s path cannot be in an entry");
    std::fs::write(path, text(&program).ok_or_else(unwritable)?)
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
