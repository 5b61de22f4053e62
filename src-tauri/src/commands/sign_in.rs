//! Commands for signing in: starting an attempt, its browser and its callback, and ending it.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::{Attempt, DevicePrompt};
use grapnel_model::error::Result;
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::secret::{ExposeSecret, SecretInput};
use tauri::{AppHandle, State};

use crate::clipboard::Clipboard;
use crate::core_handle::CoreHandle;
use crate::{browser, confirm, deep_link_self_test};

/// Starts a sign-in for a new connection, or to reconnect one: by the app's grant, or on another device. With
/// `another_account`, the provider asks which account to use. `more_scopes` are asked for besides the app's.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_attempt(
    core: State<'_, CoreHandle>,
    app_id: AppId,
    connection_id: Option<ConnectionId>,
    another_account: bool,
    by_device: bool,
    more_scopes: Vec<String>,
) -> Result<Attempt> {
    let wanted = SignInRequest {
        again: connection_id,
        another_account,
        by_device,
        more_scopes,
        ..SignInRequest::default()
    };
    core.core().await?.start_attempt(&app_id, &wanted).await
}

/// What the person needs to approve a sign-in on another device.
#[tauri::command]
#[specta::specta]
pub(crate) async fn device_prompt(
    core: State<'_, CoreHandle>,
    attempt_id: AttemptId,
) -> Result<DevicePrompt> {
    core.core().await?.device_prompt(&attempt_id).await
}

/// Opens the authorization URL of an attempt in the browser. A `chosen` browser is stored with the resulting
/// connection, unless it fails to open. The person must confirm a new command; returns whether they did.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_browser(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    attempt_id: AttemptId,
    chosen: Option<String>,
) -> Result<bool> {
    let core = core.core().await?;
    let chosen = chosen.map(|chosen| grapnel_core::browser::parse_entered(&chosen)).transpose()?;
    if let Some(chosen) = &chosen
        && !confirm::program(&app, chosen, &[&core.attempt_browser(&attempt_id)?, &core.settings()?.browser])
            .await?
    {
        return Ok(false);
    }
    let link = core.attempt_link(&attempt_id).await?;
    // Stored before it opens, since the sign-in may finish before the browser's launcher does.
    let before = chosen.map(|chosen| core.choose_browser(&attempt_id, Some(&chosen))).transpose()?;
    let opened = browser::open(&app, link, core.attempt_browser(&attempt_id)?).await;
    if let (Err(_), Some(before)) = (&opened, before) {
        core.choose_browser(&attempt_id, before.as_deref())?;
    }
    opened.map(|()| true)
}

/// Copies the authorization URL, for opening it in another browser.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_link(
    core: State<'_, CoreHandle>,
    clipboard: State<'_, Clipboard>,
    attempt_id: AttemptId,
) -> Result<()> {
    let link = core.core().await?.attempt_link(&attempt_id).await?;
    clipboard.copy(link.expose_secret())
}

/// Receives a callback URL or code that the person pasted.
#[tauri::command]
#[specta::specta]
pub(crate) async fn paste_callback(
    core: State<'_, CoreHandle>,
    attempt_id: AttemptId,
    pasted: SecretInput,
) -> Result<()> {
    core.core().await?.paste_callback(&attempt_id, &pasted.0).await
}

/// Signs in without a browser, if the provider supports it. Email and password are used once and not stored.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sign_in_with_password(
    core: State<'_, CoreHandle>,
    app_id: AppId,
    connection_id: Option<ConnectionId>,
    email: String,
    password: SecretInput,
) -> Result<Attempt> {
    let wanted = SignInRequest { again: connection_id, ..SignInRequest::default() };
    core.core().await?.sign_in_with_password(&app_id, &wanted, &email, &password.0).await
}

/// Tests whether a deep link returns to Grapnel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn test_deep_link(app: AppHandle) -> Result<()> {
    deep_link_self_test::run(&app).await
}

/// Moves the new sign-in to the connection that the attempt was meant for, replacing its account. Returns that
/// connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn replace_account(
    core: State<'_, CoreHandle>,
    attempt_id: AttemptId,
) -> Result<ConnectionId> {
    core.core().await?.replace_account(&attempt_id).await
}

/// Cancels an attempt.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_attempt(core: State<'_, CoreHandle>, attempt_id: AttemptId) -> Result<()> {
    core.core().await?.cancel_attempt(&attempt_id)
}
