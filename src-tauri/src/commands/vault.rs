//! The vault and the doctor.

use grapnel_core::doctor::Diagnosis;
use grapnel_core::error::Result;
use grapnel_core::secret::Entered;
use grapnel_core::vault::Protection;
use tauri::State;

use crate::clipboard::Clipboard;
use crate::shell::Shell;

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

/// Looks at everything that has to work.
#[tauri::command]
#[specta::specta]
pub(crate) async fn diagnose(shell: State<'_, Shell>) -> Result<Diagnosis> {
    let program = std::env::current_exe().ok();
    Ok(match shell.core().await {
        Ok(core) => core.examine(program.as_deref()).await,
        Err(error) => grapnel_core::doctor::unopened(error),
    })
}

/// Copies a diagnosis as text that is safe to show to anyone.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_diagnosis(clipboard: State<'_, Clipboard>, diagnosis: Diagnosis) -> Result<()> {
    clipboard.copy(&diagnosis.report())
}
