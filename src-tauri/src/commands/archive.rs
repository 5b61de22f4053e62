//! Commands for export and import. An opened archive is kept here while the person reviews its content.

use grapnel_core::archive::{Archive, Export, Exported, Import, Imported, check_passphrase};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretInput;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};

use crate::core_handle::CoreHandle;
use crate::dialog;

/// The archive that was opened last.
#[derive(Default)]
pub(crate) struct OpenArchive(Mutex<Option<Archive>>);

impl OpenArchive {
    fn loaded(&self) -> parking_lot::MutexGuard<'_, Option<Archive>> {
        self.0.lock()
    }
}

/// The result of an export, with the file's path.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type)]
pub(crate) struct ExportedFile {
    file: String,
    exported: Exported,
}

/// Exports apps and connections to an encrypted file that the person chooses; returns null if they cancel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_archive(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    passphrase: SecretInput,
    with_tokens: bool,
    moves: bool,
) -> Result<Option<ExportedFile>> {
    let core = core.core().await?;
    check_passphrase(&passphrase.0)?;
    let Some(file) = dialog::save(&app, "Export to a file", "grapnel.age").await? else { return Ok(None) };
    let named = file.display().to_string();
    // The save dialog has asked whether to replace an existing file.
    let asked = Export { file, passphrase: passphrase.0, with_tokens, moves, force: true };
    core.export(asked).await.map(|exported| Some(ExportedFile { file: named, exported }))
}

/// Opens an exported file that the person chooses, and reports what an import would add; returns null if they cancel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_archive(
    core: State<'_, CoreHandle>,
    opened: State<'_, OpenArchive>,
    app: AppHandle,
    passphrase: SecretInput,
) -> Result<Option<Imported>> {
    let core = core.core().await?;
    let Some(file) = dialog::open(&app, "Open an exported file").await? else { return Ok(None) };
    let archive = core.open_archive(&file, &passphrase.0).await?;
    let plan = core.import(&archive, Import { with_tokens: true, dry_run: true }).await?;
    *opened.loaded() = Some(archive);
    Ok(Some(plan))
}

/// Imports the archive that was opened last.
#[tauri::command]
#[specta::specta]
pub(crate) async fn import_archive(
    core: State<'_, CoreHandle>,
    opened: State<'_, OpenArchive>,
    with_tokens: bool,
) -> Result<Imported> {
    let Some(archive) = opened.loaded().take() else {
        return Err(Error::new(Code::NotFound, "No file is open.").hint("Open the file again."));
    };
    let imported = core.core().await?.import(&archive, Import { with_tokens, dry_run: false }).await;
    if imported.is_err() {
        *opened.loaded() = Some(archive);
    }
    imported
}

/// Drops the archive that was opened last.
#[tauri::command]
#[specta::specta]
pub(crate) async fn close_archive(opened: State<'_, OpenArchive>) -> Result<()> {
    *opened.loaded() = None;
    Ok(())
}
