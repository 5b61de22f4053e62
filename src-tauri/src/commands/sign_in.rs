//! Signing in: starting an attempt, its browser and its callback, and ending it.

use grapnel_core::authorize::SignInRequest;
use grapnel_model::attempt::Attempt;
use grapnel_model::error::Result;
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::secret::{ExposeSecret, SecretInput};
use tauri::{AppHandle, State};

use crate::clipboard::Clipboard;
use crate::core_handle::CoreHandle;
use crate::{browser, confirm, deep_link_self_test};

/// Starts a sign-in: for a new connection, or to authorize one again. With `another_account`, the provider asks which
/// account is meant.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_attempt(
    core: State<'_, CoreHandle>,
    app_id: AppId,
    connection_id: Option<ConnectionId>,
    another_account: bool,
) -> Result<Attempt> {
    let wanted = SignInRequest { again: connection_id, another_account, ..SignInRequest::default() };
    core.core().await?.start_attempt(&app_id, &wanted).await
}

/// Opens the sign-in page of an attempt in the person's browser. One that is chosen for it is kept by the connection
/// that comes of it, unless it opens nothing. The person is asked about one that is new; answers whether they agree.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_browser(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    attempt_id: AttemptId,
    chosen: Option<String>,
) -> Result<bool> {
    let core = core.core().await?;
    let chosen = chosen.map(|chosen| grapnel_core::browser::entered(&chosen)).transpose()?;
    if let Some(chosen) = &chosen
        && !confirm::program(&app, chosen, &[&core.attempt_browser(&attempt_id)?, &core.settings()?.browser])
            .await?
    {
        return Ok(false);
    }
    let link = core.attempt_link(&attempt_id).await?;
    // Before it opens: the sign-in may be over before the browser's launcher is.
    let before = chosen.map(|chosen| core.choose_browser(&attempt_id, Some(&chosen))).transpose()?;
    let opened = browser::open(&app, link, core.attempt_browser(&attempt_id)?).await;
    if let (Err(_), Some(before)) = (&opened, before) {
        core.choose_browser(&attempt_id, before.as_deref())?;
    }
    opened.map(|()| true)
}

/// Copies the address of the sign-in page, to be opened in a browser of the person's choice.
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

/// Takes in the address that the provider sent the person to, pasted by them.
#[tauri::command]
#[specta::specta]
pub(crate) async fn paste_callback(
    core: State<'_, CoreHandle>,
    attempt_id: AttemptId,
    pasted: SecretInput,
) -> Result<()> {
    core.core().await?.paste_callback(&attempt_id, &pasted.0).await
}

/// Signs in without a browser, where the provider offers it. Email and password are used once and not kept.
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

/// Tries whether a deep link comes back here.
#[tauri::command]
#[specta::specta]
pub(crate) async fn test_deep_link(app: AppHandle) -> Result<()> {
    deep_link_self_test::run(&app).await
}

/// Lets the account that signed in replace the one of the connection that the attempt was meant for. Answers with that
/// connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn replace_account(
    core: State<'_, CoreHandle>,
    attempt_id: AttemptId,
) -> Result<ConnectionId> {
    core.core().await?.replace_account(&attempt_id).await
}

/// Stops waiting for an attempt.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_attempt(core: State<'_, CoreHandle>, attempt_id: AttemptId) -> Result<()> {
    core.core().await?.cancel_attempt(&attempt_id)
}
