//! The vault and the doctor.

use grapnel_core::doctor::{Check, Diagnosis, Verdict};
use grapnel_model::error::{Error, Result};
use grapnel_model::secret::Entered;
use grapnel_model::vault::Protection;
use tauri::{AppHandle, State};

use crate::clipboard::Clipboard;
use crate::shell::Shell;
use crate::{confirm, probe};

/// What opens the vault.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protection(shell: State<'_, Shell>) -> Result<Protection> {
    shell.core().await?.protection()
}

/// Opens a vault that has a passphrase, for as long as the program runs.
#[tauri::command]
#[specta::specta]
pub(crate) async fn unlock(shell: State<'_, Shell>, passphrase: Entered) -> Result<()> {
    shell.core().await?.unlock(&passphrase.0).await
}

/// Seals everything anew under a passphrase.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protect_with_passphrase(shell: State<'_, Shell>, passphrase: Entered) -> Result<()> {
    shell.core().await?.protect_with_passphrase(&passphrase.0).await
}

/// Seals everything anew under a key in the keyring.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protect_with_keyring(shell: State<'_, Shell>) -> Result<()> {
    shell.core().await?.protect_with_keyring().await
}

/// Gives up everything that is sealed, where nothing opens the vault any more and the person agrees; answers whether they
/// do. Refused while it opens, or may open again by itself.
#[tauri::command]
#[specta::specta]
pub(crate) async fn begin_anew(shell: State<'_, Shell>, app: AppHandle) -> Result<bool> {
    let core = shell.core().await?;
    if !confirm::begin_anew(&app).await? {
        return Ok(false);
    }
    core.begin_anew().await.map(|()| true)
}

/// Looks at everything that has to work, and sends a deep link that has to come back.
#[tauri::command]
#[specta::specta]
pub(crate) async fn diagnose(app: AppHandle, shell: State<'_, Shell>) -> Result<Diagnosis> {
    let program = std::env::current_exe().ok();
    let mut diagnosis = match shell.core().await {
        Ok(core) => core.examine(program.as_deref()).await,
        Err(error) => grapnel_core::doctor::unopened(error),
    };
    diagnosis.checks.push(tried(probe::run(&app).await));
    Ok(diagnosis)
}

fn tried(probed: Result<()>) -> Check {
    let name = "A deep link, sent as a browser would".into();
    match probed {
        Ok(()) => Check {
            name,
            verdict: Verdict::Fine,
            found: "It came back to Grapnel.".into(),
            meaning: None,
            hint: None,
        },
        Err(Error { message: found, meaning, hint, .. }) => {
            Check { name, verdict: Verdict::Attention, found, meaning, hint }
        }
    }
}

/// Copies a diagnosis as text that is safe to show to anyone.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_diagnosis(clipboard: State<'_, Clipboard>, diagnosis: Diagnosis) -> Result<()> {
    clipboard.copy(&diagnosis.report())
}
