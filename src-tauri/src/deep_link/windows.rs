//! Deep links on Windows: the registry has the command that opens them.

use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt;
use windows_registry::{CLASSES_ROOT, CURRENT_USER};

use super::handler::{Owner, SCHEME};
use super::open_command::{is_same, program};

/// Where Windows keeps the program that the person has chosen, if several are registered.
const CHOICES: &str = r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations";

/// Looks up which program opens deep links.
pub(crate) fn owner() -> Owner {
    // The ID of a program, such as the scheme itself, which has the command.
    let chosen = CURRENT_USER
        .open(format!(r"{CHOICES}\{SCHEME}\UserChoice"))
        .and_then(|choice| choice.get_string("ProgId"));
    let class = chosen.unwrap_or_else(|_| SCHEME.to_owned());
    let Ok(command) = CLASSES_ROOT.open(format!(r"{class}\shell\open\command")) else { return Owner::Nobody };
    let (Ok(command), Ok(this)) = (command.get_string(""), std::env::current_exe()) else {
        return Owner::Unknown;
    };
    match program(&command) {
        None => Owner::Nobody,
        Some(found) if is_same(found, &this.to_string_lossy()) => Owner::Own,
        Some(found) => Owner::Other(found.to_owned()),
    }
}

/// Registers this program for the scheme, for this user, unless it is registered already.
pub(crate) fn register(app: &AppHandle) {
    if matches!(owner(), Owner::Own) {
        return;
    }
    if let Err(error) = app.deep_link().register_all() {
        tracing::warn!(%error, "callbacks by deep link will not arrive");
    }
}
