//! Commands for hooks.

use grapnel_core::hooks::{self, HookOutput};
use grapnel_model::connection_event::ConnectionEventKind;
use grapnel_model::error::Result;
use grapnel_model::hook::{Hook, HookRun};
use grapnel_model::id::HookId;
use tauri::{AppHandle, State};

use crate::confirm;
use crate::core_handle::CoreHandle;

/// Every hook.
#[tauri::command]
#[specta::specta]
pub(crate) async fn hooks(core: State<'_, CoreHandle>) -> Result<Vec<Hook>> {
    core.core().await?.hooks().await
}

/// Adds a hook, if the person confirms its command; returns whether they did. Quotes group words of the command.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_hook(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    event: ConnectionEventKind,
    command: String,
) -> Result<bool> {
    let core = core.core().await?;
    let command = hooks::check(event, hooks::split(&command)?)?;
    if !confirm::hook(&app, &command).await? {
        return Ok(false);
    }
    core.add_hook(&command).await.map(|_| true)
}

/// Removes a hook.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_hook(core: State<'_, CoreHandle>, id: HookId) -> Result<()> {
    core.core().await?.remove_hook(&id)
}

/// Runs a hook now, as if its event had happened to the first connection by name.
#[tauri::command]
#[specta::specta]
pub(crate) async fn test_hook(core: State<'_, CoreHandle>, id: HookId) -> Result<HookRun> {
    core.core().await?.test_hook(&id, None, HookOutput::Discard).await
}
