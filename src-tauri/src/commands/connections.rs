//! Commands for one connection: details, tokens, browser, disconnecting and deleting.

use std::time::Duration;

use grapnel_model::annotations::ConnectionEdit;
use grapnel_model::connection::Details;
use grapnel_model::derived_token::TokenTarget;
use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::id::{ConnectionId, DerivedTokenId};
use grapnel_model::revocation::Disconnected;
use grapnel_model::secret::ExposeSecret;
use grapnel_model::text::clean_line;
use tauri::{AppHandle, State};
use tokio::sync::broadcast::Receiver;

use crate::browser;
use crate::clipboard::Clipboard;
use crate::confirm;
use crate::core_handle::CoreHandle;
use crate::dialog;

/// The hint if no browser could be opened.
const NO_BROWSER: &str = "Choose a browser for this connection, or sign out on the provider’s own pages.";

/// The details of a connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn connection(core: State<'_, CoreHandle>, connection_id: ConnectionId) -> Result<Details> {
    core.core().await?.connection(&connection_id)
}

/// Sets the browser of a connection; empty for the one in the settings. The person must confirm a new command; returns
/// whether they did.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_browser(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    connection_id: ConnectionId,
    browser: String,
) -> Result<bool> {
    let core = core.core().await?;
    let browser = grapnel_core::browser::parse_entered(&browser)?;
    if !confirm::program(&app, &browser, &[&core.browser(&connection_id)?, &core.settings()?.browser]).await?
    {
        return Ok(false);
    }
    core.set_browser(&connection_id, &browser).map(|()| true)
}

/// Changes the name and the annotations of a connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn edit_connection(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    edit: ConnectionEdit,
) -> Result<()> {
    core.core().await?.edit_connection(&connection_id, &edit)
}

/// Gives connections the places 0, 1, … in the person's own order; or, with `by_name`, no places.
#[tauri::command]
#[specta::specta]
pub(crate) async fn arrange_connections(
    core: State<'_, CoreHandle>,
    connection_ids: Vec<ConnectionId>,
    by_name: bool,
) -> Result<()> {
    core.core().await?.arrange_connections(&connection_ids, by_name)
}

/// Refreshes a connection's tokens now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn refresh(core: State<'_, CoreHandle>, connection_id: ConnectionId) -> Result<()> {
    core.core().await?.refresh(&connection_id).await
}

/// Copies a valid access token, and clears the clipboard after 45 seconds if it still contains it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_token(
    core: State<'_, CoreHandle>,
    clipboard: State<'_, Clipboard>,
    connection_id: ConnectionId,
) -> Result<()> {
    let core = core.core().await?;
    let token = core.token(&connection_id, Duration::ZERO).await?.value;
    clipboard.copy_for_a_while(token, "In a terminal, “grapnel token” prints it.")?;
    core.token_copied(&connection_id)
}

/// Copies the `Authorization` header with a valid access token, and clears the clipboard like [`copy_token`].
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_authorization_header(
    core: State<'_, CoreHandle>,
    clipboard: State<'_, Clipboard>,
    connection_id: ConnectionId,
) -> Result<()> {
    let core = core.core().await?;
    let token = core.token(&connection_id, Duration::ZERO).await?.value;
    let header = format!("Authorization: Bearer {}", token.expose_secret()).into();
    clipboard.copy_for_a_while(header, "In a terminal, “grapnel token --format header” prints it.")?;
    core.token_copied(&connection_id)
}

/// Copies the ID token, and clears the clipboard like [`copy_token`].
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_id_token(
    core: State<'_, CoreHandle>,
    clipboard: State<'_, Clipboard>,
    connection_id: ConnectionId,
) -> Result<()> {
    let core = core.core().await?;
    let token = core.id_token(&connection_id, Duration::ZERO).await?.value;
    clipboard.copy_for_a_while(token, "In a terminal, “grapnel token --id-token” prints it.")?;
    core.id_token_copied(&connection_id)
}

/// Copies the token for `target` that token exchange (RFC 8693) derives from the connection's, and clears the clipboard
/// like [`copy_token`]. A new one is stored with the connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_derived_token(
    core: State<'_, CoreHandle>,
    clipboard: State<'_, Clipboard>,
    connection_id: ConnectionId,
    target: TokenTarget,
) -> Result<()> {
    let core = core.core().await?;
    let derived = core.derived_token(&connection_id, target, (Duration::ZERO, false)).await?;
    let otherwise = "In a terminal, “grapnel token --audience” or “--resource” prints it.";
    clipboard.copy_for_a_while(derived.token.value, otherwise)?;
    core.derived_token_copied(&connection_id)
}

/// Deletes a derived token, and revokes it if the provider supports that.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_derived_token(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    derived_token_id: DerivedTokenId,
) -> Result<()> {
    core.core().await?.remove_derived_token(&connection_id, &derived_token_id).await
}

/// Opens the provider's page to sign out, in the connection's browser. The core builds the URL, so that the page cannot
/// have any other opened.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sign_out(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    connection_id: ConnectionId,
) -> Result<()> {
    let core = core.core().await?;
    let page = core.end_session_url(&connection_id)?;
    let opened = browser::open(&app, page, core.browser(&connection_id)?).await;
    opened.map_err(|error| error.means("You are still signed in at the provider.").hint(NO_BROWSER))
}

/// Shows a valid access token in a system window for 30 seconds, or until the vault is locked, if the person confirms
/// it. The page does not get it. Returns once the window is closed.
#[tauri::command]
#[specta::specta]
pub(crate) async fn reveal_token(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    connection_id: ConnectionId,
) -> Result<()> {
    // Before the question, which would be in vain.
    dialog::require_reveal()?;
    let core = core.core().await?;
    let name = core.connection(&connection_id)?.summary.name;
    if !confirm::reveal_token(&app, &name).await? {
        return Ok(());
    }
    // Before the token is read, so that no lock after that is missed.
    let events = core.events();
    let token = core.token(&connection_id, Duration::ZERO).await?.value;
    let title = format!("Access token of {}", clean_line(&name));
    dialog::reveal(&app, title, token, || core.token_revealed(&connection_id), vault_locked(events)).await
}

/// Waits until the vault is locked, or until events were missed that may have said so.
async fn vault_locked(mut events: Receiver<Event>) {
    while !matches!(events.recv().await, Ok(Event::Vault(Some(_))) | Err(_)) {}
}

/// Disconnects a connection: revokes its tokens if the provider supports it, and deletes them here.
#[tauri::command]
#[specta::specta]
pub(crate) async fn disconnect(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
) -> Result<Disconnected> {
    core.core().await?.disconnect(&connection_id).await
}

/// Deletes a disconnected connection and its history.
#[tauri::command]
#[specta::specta]
pub(crate) async fn forget(core: State<'_, CoreHandle>, connection_id: ConnectionId) -> Result<()> {
    core.core().await?.forget(&connection_id).await
}
