//! The vault: what protects it, unlocking, and reset.

use grapnel_model::error::{Error, Result};
use grapnel_model::secret::SecretInput;
use grapnel_model::vault::Protection;
use tauri::{AppHandle, State};

use crate::confirm;
use crate::core_handle::CoreHandle;

/// Asks the keyring again; answers why it does not open the vault, if it does not.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_vault(core: State<'_, CoreHandle>) -> Result<Option<Error>> {
    Ok(core.core().await?.check_vault().await)
}

/// What opens the vault.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protection(core: State<'_, CoreHandle>) -> Result<Protection> {
    core.core().await?.protection()
}

/// Opens a vault that has a passphrase, for as long as the program runs.
#[tauri::command]
#[specta::specta]
pub(crate) async fn unlock(core: State<'_, CoreHandle>, passphrase: SecretInput) -> Result<()> {
    core.core().await?.unlock(&passphrase.0).await
}

/// Seals everything anew under a passphrase.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protect_with_passphrase(
    core: State<'_, CoreHandle>,
    passphrase: SecretInput,
) -> Result<()> {
    core.core().await?.protect_with_passphrase(&passphrase.0).await
}

/// Seals everything anew under a key in the keyring.
#[tauri::command]
#[specta::specta]
pub(crate) async fn protect_with_keyring(core: State<'_, CoreHandle>) -> Result<()> {
    core.core().await?.protect_with_keyring().await
}

/// Gives up everything that is sealed, where nothing opens the vault any more and the person agrees; answers whether
/// they do. Refused while it opens, or may open again by itself.
#[tauri::command]
#[specta::specta]
pub(crate) async fn reset_vault(core: State<'_, CoreHandle>, app: AppHandle) -> Result<bool> {
    let core = core.core().await?;
    if !confirm::reset_vault(&app).await? {
        return Ok(false);
    }
    core.reset_vault().await.map(|()| true)
}
