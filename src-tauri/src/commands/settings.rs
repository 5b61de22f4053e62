//! Commands for the settings.

use grapnel_core::{Grapnel, Store};
use grapnel_model::error::{Error, Result};
use grapnel_model::settings::{Changes, Settings};
use serde::Serialize;
use tauri::{AppHandle, Manager, State};

use crate::core_handle::CoreHandle;
use crate::desktop_integration::{autostart, tray::Tray};
use crate::{confirm, dialog};

/// The settings, and where the data is stored.
#[derive(Serialize, specta::Type)]
pub(crate) struct SettingsView {
    pub(crate) settings: Settings,
    /// The data directory.
    pub(crate) folder: String,
    /// Whether Grapnel starts at login.
    pub(crate) at_login: bool,
    /// Whether the tray icon is visible now.
    pub(crate) in_tray: bool,
}

/// The settings.
#[tauri::command]
#[specta::specta]
pub(crate) async fn settings(core: State<'_, CoreHandle>, app: AppHandle) -> Result<SettingsView> {
    let folder = Store::default_home()?.display().to_string();
    let settings = core.core().await?.settings()?;
    let (at_login, in_tray) = (autostart::is_on(&app), app.state::<Tray>().is_visible());
    Ok(SettingsView { settings, folder, at_login, in_tray })
}

/// Changes only the given settings, so that concurrent changes to others are kept. An error names the invalid one. The
/// person must confirm a new program or proxy; returns null, without changes, if they do not.
#[tauri::command]
#[specta::specta]
pub(crate) async fn change_settings(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    changes: Changes,
) -> Result<Option<Settings>> {
    let core = core.core().await?;
    let kept = core.settings()?;
    if !confirm::settings(&app, &kept, &core.checked_settings(changes.to(kept.clone()))?).await? {
        return Ok(None);
    }
    // Read again: they may have changed while the person was asked.
    keep(core, &app, changes.to(core.settings()?)).await.map(Some)
}

/// Why the proxy of the settings does not accept a connection, or null.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_proxy(core: State<'_, CoreHandle>) -> Result<Option<Error>> {
    core.core().await?.check_proxy().await
}

/// Lets the person choose a file of additional certificate authorities; returns null if they cancel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn choose_certificates(
    core: State<'_, CoreHandle>,
    app: AppHandle,
) -> Result<Option<Settings>> {
    let core = core.core().await?;
    let Some(file) = dialog::open(&app, "Authorities to trust besides").await? else { return Ok(None) };
    let certificates = file.into_os_string().into_string().map_err(|_| {
        Error::input("certificates", "The path of this file is not text.").hint("Give it another name.")
    })?;
    core.change_settings(Settings { certificates, ..core.settings()? }).map(Some)
}

/// Stores confirmed settings.
async fn keep(core: &Grapnel, app: &AppHandle, settings: Settings) -> Result<Settings> {
    let before = core.settings()?;
    let changed = core.change_settings(settings)?;
    // A tray that this desktop does not support is not stored as on.
    if before.tray != changed.tray
        && let Err(error) = app.state::<Tray>().set(app, core, changed.tray).await
    {
        core.change_settings(Settings { tray: before.tray, ..core.settings()? })?;
        return Err(error);
    }
    Ok(changed)
}

/// Switches start at login on or off.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_at_login(app: AppHandle, on: bool) -> Result<()> {
    autostart::set(&app, on)
}
