//! Exporting and importing. An archive that was opened stays here until the person has seen what is in it.

use std::sync::{Mutex, PoisonError};

use grapnel_core::archive::{Archive, Export, Exported, Import, Imported, check_passphrase};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::Entered;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, State};

use crate::dialog;
use crate::shell::Shell;

/// The archive that was opened last.
#[derive(Default)]
pub(crate) struct Opened(Mutex<Option<Archive>>);

impl Opened {
    fn held(&self) -> std::sync::MutexGuard<'_, Option<Archive>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was exported, and where to.
#[derive(Debug, Clone, Serialize, Deserialize, specta::Type)]
pub(crate) struct Written {
    file: String,
    exported: Exported,
}

/// Writes apps and connections to a file that a passphrase opens, and that the person chooses; nothing where they
/// choose none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_archive(
    shell: State<'_, Shell>,
    app: AppHandle,
    passphrase: Entered,
    with_tokens: bool,
    moves: bool,
) -> Result<Option<Written>> {
    let core = shell.core().await?;
    check_passphrase(&passphrase.0)?;
    let Some(file) = dialog::save(&app, "Export to a file", "grapnel.age").await? else { return Ok(None) };
    let named = file.display().to_string();
    // Whether to replace one that is there, the dialog asked.
    let asked = Export { file, passphrase: passphrase.0, with_tokens, moves, force: true };
    core.export(asked).await.map(|exported| Some(Written { file: named, exported }))
}

/// Opens an exported file that the person chooses, and tells what importing it would add; nothing where they choose
/// none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_archive(
    shell: State<'_, Shell>,
    opened: State<'_, Opened>,
    app: AppHandle,
    passphrase: Entered,
) -> Result<Option<Imported>> {
    let core = shell.core().await?;
    let Some(file) = dialog::open(&app, "Open an exported file").await? else { return Ok(None) };
    let archive = core.open_archive(&file, &passphrase.0).await?;
    let plan = core.import(&archive, Import { with_tokens: true, dry_run: true }).await?;
    *opened.held() = Some(archive);
    Ok(Some(plan))
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
