//! Commands for the vault: protection, unlocking and reset.

use grapnel_model::error::{Error, Result};
use grapnel_model::secret::SecretInput;
use grapnel_model::vault::Protection;
use tauri::{AppHandle, State};

use crate::confirm;
use crate::core_handle::CoreHandle;

/// Tries again to open the vault; returns why it fails, or null.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_vault(core: State<'_, CoreHandle>) -> Result<Option<Error>> {
    Ok(core.core().await?.check_vault().await)
}

/// What protects the vault.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protection(core: State<'_, CoreHandle>) -> Result<Protection> {
    core.core().await?.protection()
}

/// Unlocks the vault with its passphrase until it is locked or the program ends.
#[tauri::command]
#[specta::specta]
pub(crate) async fn unlock(core: State<'_, CoreHandle>, passphrase: SecretInput) -> Result<()> {
    core.core().await?.unlock(&passphrase.0).await
}

/// Locks a vault with a passphrase, after refreshes in progress.
#[tauri::command]
#[specta::specta]
pub(crate) async fn lock_vault(core: State<'_, CoreHandle>) -> Result<()> {
    core.core().await?.lock_by_person().await
}

/// Records that the person uses the window, which delays the automatic lock.
#[tauri::command]
#[specta::specta]
pub(crate) async fn record_input(core: State<'_, CoreHandle>) -> Result<()> {
    core.core().await?.record_input();
    Ok(())
}

/// Encrypts the vault with a passphrase.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protect_with_passphrase(
    core: State<'_, CoreHandle>,
    passphrase: SecretInput,
) -> Result<()> {
    core.core().await?.protect_with_passphrase(&passphrase.0).await
}

/// Encrypts the vault with a key in the keyring.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protect_with_keyring(core: State<'_, CoreHandle>) -> Result<()> {
    core.core().await?.protect_with_keyring().await
}

/// Deletes all secrets of a vault that can no longer be opened, if the person confirms; returns whether they did.
/// Refused while the vault opens, or may open later without a reset.
#[tauri::command]
#[specta::specta]
pub(crate) async fn reset_vault(core: State<'_, CoreHandle>, app: AppHandle) -> Result<bool> {
    let core = core.core().await?;
    if !confirm::reset_vault(&app).await? {
        return Ok(false);
    }
    core.reset_vault().await.map(|()| true)
}
