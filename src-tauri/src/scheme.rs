//! Our own scheme (RFC 8252 §7.1): who opens its links on this system, and making that this program.

#[cfg(target_os = "linux")]
use std::path::{Path, PathBuf};

use tauri::AppHandle;
#[cfg(target_os = "linux")]
use tauri::Manager;
use tauri_plugin_deep_link::DeepLinkExt;

/// The scheme.
pub(crate) const SCHEME: &str = "dev.grapnel.desktop";
/// The name that the package gives its entry.
#[cfg(target_os = "linux")]
const PACKAGED: &str = "Grapnel.desktop";

/// Who opens links of our scheme.
pub(crate) enum Owner {
    /// This program.
    Own,
    /// Another one, by the name of its entry.
    Other(String),
    /// Nobody.
    Nobody,
    /// The system cannot be asked.
    Unknown,
}

/// Asks the system who opens links of our scheme. It takes as long as starting a program does.
#[cfg(target_os = "linux")]
pub(crate) fn owner() -> Owner {
    let own = std::env::current_exe().ok().and_then(|program| own_name(&program));
    match opener() {
        None => Owner::Unknown,
        Some(name) if name.is_empty() => Owner::Nobody,
        Some(name) if name == PACKAGED || Some(&name) == own.as_ref() => Owner::Own,
        Some(name) => Owner::Other(name),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn owner() -> Owner {
    Owner::Unknown
}

/// Makes this program the one that opens the scheme, unless it is already. An installed package has done so; a
/// program that was built here has not.
pub(crate) fn register(app: &AppHandle) {
    if cfg!(target_os = "macos") || is_registered(app).unwrap_or(false) {
        return;
    }
    if let Err(error) = app.deep_link().register_all() {
        tracing::warn!(%error, "callbacks by deep link will not arrive");
    }
    #[cfg(target_os = "linux")]
    unquote(app);
}

#[cfg(target_os = "linux")]
fn is_registered(app: &AppHandle) -> Option<bool> {
    let program = std::env::current_exe().ok()?;
    if program.starts_with("/usr") {
        return Some(opener()? == PACKAGED);
    }
    let entry = std::fs::read_to_string(own_entry(app, &program)?).ok()?;
    let is_ours = entry.lines().any(|line| line == exec(&program));
    Some(is_ours && app.deep_link().is_registered(SCHEME).ok()?)
}

/// The entry that the plugin writes for this program.
#[cfg(target_os = "linux")]
fn own_entry(app: &AppHandle, program: &Path) -> Option<PathBuf> {
    Some(app.path().data_dir().ok()?.join("applications").join(own_name(program)?))
}

#[cfg(target_os = "linux")]
fn own_name(program: &Path) -> Option<String> {
    Some(format!("{}-handler.desktop", program.file_name()?.to_str()?))
}

/// The entry that the system has for the scheme; empty where it has none, nothing where it cannot be asked.
#[cfg(target_os = "linux")]
fn opener() -> Option<String> {
    let asked = ["query", "default", "x-scheme-handler/dev.grapnel.desktop"];
    let answer = std::process::Command::new("xdg-mime").args(asked).output().ok()?;
    Some(String::from_utf8(answer.stdout).ok()?.trim().to_owned())
}

#[cfg(target_os = "linux")]
fn exec(program: &Path) -> String {
    let needs_none = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.+".contains(byte);
    let quote = if program.as_os_str().as_encoded_bytes().iter().all(needs_none) { "" } else { "\"" };
    format!("Exec={quote}{}{quote} %u", program.display())
}

/// The plugin quotes every path, and where no desktop helps it, `xdg-open` (1.1.3) takes the quotes for a part of
/// the name. So a path that needs none gets none.
#[cfg(target_os = "linux")]
fn unquote(app: &AppHandle) -> Option<()> {
    let program = std::env::current_exe().ok()?;
    let entry = own_entry(app, &program)?;
    let text = std::fs::read_to_string(&entry).ok()?;
    let quoted = format!("Exec=\"{}\" %u", program.display());
    std::fs::write(entry, text.replace(&quoted, &exec(&program))).ok()
}

#[cfg(not(target_os = "linux"))]
fn is_registered(app: &AppHandle) -> Option<bool> {
    app.deep_link().is_registered(SCHEME).ok()
}
