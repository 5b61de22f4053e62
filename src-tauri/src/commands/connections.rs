//! One connection: its details, its tokens, its browser, and its end.

use std::time::Duration;

use grapnel_model::connection::Details;
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_model::revocation::Disconnected;
use tauri::{AppHandle, State};

use crate::clipboard::Clipboard;
use crate::confirm;
use crate::core_handle::CoreHandle;

/// Everything about a connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn connection(core: State<'_, CoreHandle>, connection_id: ConnectionId) -> Result<Details> {
    core.core().await?.connection(&connection_id)
}

/// Keeps what opens the pages of a connection; empty for what is set for all. The person is asked about one that is
/// new; answers whether they agree.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_browser(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    connection_id: ConnectionId,
    browser: String,
) -> Result<bool> {
    let core = core.core().await?;
    let browser = grapnel_core::browser::entered(&browser)?;
    if !confirm::program(&app, &browser, &[&core.browser(&connection_id)?, &core.settings()?.browser]).await?
    {
        return Ok(false);
    }
    core.set_browser(&connection_id, &browser).map(|()| true)
}

/// Renews a connection's tokens now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn refresh(core: State<'_, CoreHandle>, connection_id: ConnectionId) -> Result<()> {
    core.core().await?.refresh(&connection_id).await
}

/// Copies a fresh access token, and clears the clipboard after 45 seconds if it still holds it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_token(
    core: State<'_, CoreHandle>,
    clipboard: State<'_, Clipboard>,
    connection_id: ConnectionId,
) -> Result<()> {
    let core = core.core().await?;
    clipboard.copy_for_a_while(core.token(&connection_id, Duration::ZERO).await?.value)?;
    core.token_copied(&connection_id)
}

/// Deletes a connection's tokens here, after asking the provider to take them back where it offers that.
#[tauri::command]
#[specta::specta]
pub(crate) async fn disconnect(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
) -> Result<Disconnected> {
    core.core().await?.disconnect(&connection_id).await
}

/// Removes a disconnected connection with its history.
#[tauri::command]
#[specta::specta]
pub(crate) async fn forget(core: State<'_, CoreHandle>, connection_id: ConnectionId) -> Result<()> {
    core.core().await?.forget(&connection_id).await
}
