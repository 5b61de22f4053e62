//! Exporting and importing. An archive that was opened stays here until the person has seen what is in it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use grapnel_core::archive::{Archive, Export, Exported, Import, Imported};
use grapnel_core::error::{Code, Error, Result};
use grapnel_core::secret::Entered;
use tauri::State;

use crate::shell::Shell;

/// The archive that was opened last.
#[derive(Default)]
pub(crate) struct Opened(Mutex<Option<Archive>>);

impl Opened {
    fn held(&self) -> std::sync::MutexGuard<'_, Option<Archive>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes apps and connections to a file that a passphrase opens.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_archive(
    shell: State<'_, Shell>,
    file: String,
    passphrase: Entered,
    with_tokens: bool,
    moves: bool,
) -> Result<Exported> {
    let asked = Export { file: place(&file)?, passphrase: passphrase.0, with_tokens, moves, force: false };
    shell.core().await?.export(asked).await
}

/// Opens an exported file, and tells what importing it would add.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_archive(
    shell: State<'_, Shell>,
    opened: State<'_, Opened>,
    file: String,
    passphrase: Entered,
) -> Result<Imported> {
    let core = shell.core().await?;
    let archive = core.open_archive(&place(&file)?, &passphrase.0).await?;
    let plan = core.import(&archive, Import { with_tokens: true, dry_run: true }).await?;
    *opened.held() = Some(archive);
    Ok(plan)
}

/// Imports the file that was opened last.
#[tauri::command]
#[specta::specta]
pub(crate) async fn import_archive(
    shell: State<'_, Shell>,
    opened: State<'_, Opened>,
    with_tokens: bool,
) -> Result<Imported> {
    let Some(archive) = opened.held().take() else {
        return Err(Error::new(Code::NotFound, "No file is open.").hint("Open the file again."));
    };
    let imported = shell.core().await?.import(&archive, Import { with_tokens, dry_run: false }).await;
    if imported.is_err() {
        *opened.held() = Some(archive);
    }
    imported
}

/// Forgets the file that was opened last.
#[tauri::command]
#[specta::specta]
pub(crate) async fn close_archive(opened: State<'_, Opened>) -> Result<()> {
    *opened.held() = None;
    Ok(())
}

/// A path as a person writes it: `~` and what does not begin at the root are below their home.
fn place(path: &str) -> Result<PathBuf> {
    let path = path.trim();
    if path.is_empty() || path == "~" {
        return Err(
            Error::input("file", "No file is named.").hint("Write where it is, such as ~/grapnel.age.")
        );
    }
    let below = path.strip_prefix("~/").unwrap_or(path);
    std::env::home_dir().map(|home| home.join(below)).ok_or_else(|| {
        Error::input("file", "This account has no home directory.").hint("Write the whole path.")
    })
}
