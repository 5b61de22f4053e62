//! Deep links on a Linux desktop: the default desktop entry of their MIME type opens them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use grapnel_core::make_private_directory;
use tauri::{AppHandle, Manager};

use super::desktop_entry;
use super::handler::{Owner, SCHEME};
use crate::program;

/// The name of the package's desktop entry.
const PACKAGED: &str = "Grapnel.desktop";
/// The suffix of desktop entries that unpackaged programs create for themselves.
const HANDLER: &str = "-handler.desktop";

/// Asks the system which program opens deep links. Starts a process.
pub(crate) fn owner() -> Owner {
    let own = program::path().ok().and_then(|program| handler_name(&program));
    match default_entry() {
        None => Owner::Unknown,
        Some(name) if name.is_empty() => Owner::Nobody,
        Some(name) if name == PACKAGED || Some(&name) == own.as_ref() => Owner::Own,
        Some(name) => Owner::Other(name),
    }
}

/// Registers this program for the scheme, unless it is registered already. An installed package has its own entry; any
/// other program writes one. Stale entries of deleted programs are removed: a desktop that finds two entries asks the
/// person, and remembers a wrong choice.
pub(crate) fn register(app: &AppHandle) {
    let (Ok(program), Ok(data)) = (program::path(), app.path().data_dir()) else { return };
    let entries = data.join("applications");
    let removed = remove_stale(&entries, &program);
    let done = if is_packaged(&program) { Ok(use_packaged()) } else { use_own(&entries, &program) };
    match done {
        Ok(changed) if changed || removed => run("update-desktop-database", &[&entries.to_string_lossy()]),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "callbacks by deep link will not arrive"),
    }
}

fn use_packaged() -> bool {
    let is_default = default_entry().is_some_and(|name| name == PACKAGED);
    if !is_default {
        make_default(PACKAGED);
    }
    !is_default
}

fn use_own(entries: &Path, program: &Path) -> std::io::Result<bool> {
    let unnamed = || std::io::Error::other("this program’s path is not UTF-8");
    let name = handler_name(program).ok_or_else(unnamed)?;
    let text = desktop_entry::handler(program).ok_or_else(unnamed)?;
    let path = entries.join(&name);
    let is_written = fs::read_to_string(&path).is_ok_and(|found| found == text);
    let is_default = default_entry().is_some_and(|default| default == name);
    if !is_written {
        make_private_directory(entries)?;
        fs::write(&path, text)?;
    }
    if !is_default {
        make_default(&name);
    }
    Ok(!is_written || !is_default)
}

/// Removes the entries of deleted programs, and redundant ones beside a package's own. Returns whether there were any.
fn remove_stale(entries: &Path, program: &Path) -> bool {
    let Ok(found) = fs::read_dir(entries) else { return false };
    let handlers = found.flatten().map(|entry| entry.path()).filter(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(HANDLER))
    });
    let stale: Vec<PathBuf> = handlers.filter(|path| is_stale(path, program)).collect();
    for path in &stale {
        if let Err(error) = fs::remove_file(path) {
            tracing::warn!(%error, "the desktop entry of a deleted program could not be removed");
        }
    }
    !stale.is_empty()
}

fn is_stale(entry: &Path, program: &Path) -> bool {
    let Ok(text) = fs::read_to_string(entry) else { return false };
    let is_ours = text.contains(&format!("x-scheme-handler/{SCHEME}"));
    let Some(starts) = desktop_entry::program(&text).filter(|_| is_ours) else { return false };
    let starts = Path::new(&starts);
    starts.is_absolute() && (!starts.exists() || (is_packaged(program) && starts == program))
}

/// Whether a package's entry starts this program: it is below the same prefix, such as `/usr`.
fn is_packaged(program: &Path) -> bool {
    let Some(tree) = program.parent().and_then(Path::parent) else { return false };
    let entry = tree.join("share/applications").join(PACKAGED);
    let Ok(text) = fs::read_to_string(entry) else { return false };
    let starts = desktop_entry::program(&text).map(PathBuf::from);
    starts.is_some_and(|starts| starts == program || Some(starts.as_os_str()) == program.file_name())
}

fn handler_name(program: &Path) -> Option<String> {
    Some(format!("{}{HANDLER}", program.file_name()?.to_str()?))
}

/// The default entry for the scheme; empty if there is none, `None` if the system cannot be asked.
fn default_entry() -> Option<String> {
    let asked = ["query", "default", "x-scheme-handler/dev.grapnel.desktop"];
    let answer = Command::new("xdg-mime").args(asked).output().ok()?;
    Some(String::from_utf8(answer.stdout).ok()?.trim().to_owned())
}

fn make_default(entry: &str) {
    run("xdg-mime", &["default", entry, "x-scheme-handler/dev.grapnel.desktop"]);
}

fn run(program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    let done =
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !done.as_ref().is_ok_and(std::process::ExitStatus::success) {
        tracing::warn!(program, ?done, "deep links may not open this program");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_packaged_if_the_entry_below_its_prefix_starts_it() {
        let tree = tempfile::tempdir().unwrap();
        let program = tree.path().join("bin/grapnel-desktop");
        assert!(!is_packaged(&program));
        fs::create_dir_all(tree.path().join("share/applications")).unwrap();
        let entry = tree.path().join("share/applications").join(PACKAGED);
        fs::write(&entry, "[Desktop Entry]\nExec=grapnel-desktop %u\n").unwrap();
        assert!(is_packaged(&program));
        assert!(!is_packaged(&tree.path().join("bin/other")));
        assert!(!is_packaged(&tree.path().join("elsewhere/bin/grapnel-desktop")));
    }

    #[test]
    fn entries_of_deleted_programs_are_removed_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let there = std::env::current_exe().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("old-handler.desktop", &desktop_entry::handler(Path::new("/gone/a b/grapnel")).unwrap());
        write("new-handler.desktop", &desktop_entry::handler(&there).unwrap());
        let wrapped =
            format!("[Desktop Entry]\nExec=env A=b /gone/x %u\nMimeType=x-scheme-handler/{SCHEME};\n");
        write("my-handler.desktop", &wrapped);
        write(
            "other-handler.desktop",
            "[Desktop Entry]\nExec=/gone/x %u\nMimeType=x-scheme-handler/https;\n",
        );
        write(
            "Grapnel.desktop",
            "[Desktop Entry]\nExec=/gone/x %u\nMimeType=x-scheme-handler/dev.grapnel.desktop;\n",
        );
        assert!(remove_stale(folder.path(), &there));
        assert!(!remove_stale(folder.path(), &there));
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(
            left,
            ["Grapnel.desktop", "my-handler.desktop", "new-handler.desktop", "other-handler.desktop"]
        );
        assert!(!remove_stale(&folder.path().join("none"), &there));
    }
}
