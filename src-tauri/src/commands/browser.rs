//! The program that opens addresses: chosen for one sign-in or for one connection, and used.

use grapnel_model::error::Result;
use grapnel_model::id::{AttemptId, ConnectionId};
use tauri::{AppHandle, State};

use crate::shell::Shell;
use crate::{browser, confirm};

/// Opens the sign-in page of an attempt in the person's browser. One that is chosen for it is kept by the connection
/// that comes of it, unless it opens nothing. The person is asked about one that is new; answers whether they agree.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_browser(
    shell: State<'_, Shell>,
    app: AppHandle,
    attempt_id: AttemptId,
    chosen: Option<String>,
) -> Result<bool> {
    let core = shell.core().await?;
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

/// Keeps what opens the pages of a connection; empty for what is set for all. The person is asked about one that is
/// new; answers whether they agree.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_browser(
    shell: State<'_, Shell>,
    app: AppHandle,
    connection_id: ConnectionId,
    browser: String,
) -> Result<bool> {
    let core = shell.core().await?;
    let browser = grapnel_core::browser::entered(&browser)?;
    if !confirm::program(&app, &browser, &[&core.browser(&connection_id)?, &core.settings()?.browser]).await?
    {
        return Ok(false);
    }
    core.set_browser(&connection_id, &browser).map(|()| true)
}
