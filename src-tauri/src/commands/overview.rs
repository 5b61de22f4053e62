//! Everything the window shows at first, and the activity log.

use grapnel_core::app::App;
use grapnel_model::activity::Entry;
use grapnel_model::attempt::Attempt;
use grapnel_model::connection::Summary;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_model::provider::ProviderView;
use serde::Serialize;
use tauri::{AppHandle, State};

use crate::core_handle::CoreHandle;
use crate::event_forwarding::EventBacklog;
use crate::sandbox::SandboxHandle;
use crate::window;

/// Everything the window shows.
#[derive(Serialize, specta::Type)]
pub(crate) struct Overview {
    /// The providers that come with Grapnel.
    pub(crate) providers: Vec<ProviderView>,
    /// Every app, by name.
    pub(crate) apps: Vec<App>,
    /// The connections, by name.
    pub(crate) connections: Vec<Summary>,
    /// Whether there are more of them.
    pub(crate) has_more: bool,
    /// Attempts that are not over.
    pub(crate) attempts: Vec<Attempt>,
    /// Why the keyring does not open the vault, if it does not.
    pub(crate) vault: Option<Error>,
    /// Why the sandbox does not run, although there are apps of it.
    pub(crate) sandbox: Option<Error>,
    /// What happened before the window was there to hear it: a callback that started the program, say.
    pub(crate) missed: Vec<Event>,
}

/// More connections than a screen has rows for.
const FIRST_CONNECTIONS: usize = 100;

/// Everything the window shows. With `at_first`, only the connections at the top of the lists, so that the window need
/// not wait for ten thousand.
#[tauri::command]
#[specta::specta]
pub(crate) async fn overview(
    core: State<'_, CoreHandle>,
    backlog: State<'_, EventBacklog>,
    window: AppHandle,
    sandbox: State<'_, SandboxHandle>,
    at_first: bool,
) -> Result<Overview> {
    window::page_loaded(&window);
    let core = core.core().await?;
    let (connections, has_more) =
        if at_first { core.first_connections(FIRST_CONNECTIONS)? } else { (core.connections()?, false) };
    Ok(Overview {
        providers: core.providers(),
        apps: core.apps()?,
        connections,
        has_more,
        attempts: core.attempts()?,
        vault: core.vault_error(),
        sandbox: sandbox.trouble(),
        missed: backlog.take(),
    })
}

/// Those of these connections that are there: how they stand now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn summaries(
    core: State<'_, CoreHandle>,
    connection_ids: Vec<ConnectionId>,
) -> Result<Vec<Summary>> {
    core.core().await?.summaries(&connection_ids)
}

/// What happened, newest first: to one connection, or to all; only what contains `search`, if anything is to.
#[tauri::command]
#[specta::specta]
pub(crate) async fn activity(
    core: State<'_, CoreHandle>,
    connection_id: Option<ConnectionId>,
    search: Option<String>,
) -> Result<Vec<Entry>> {
    core.core().await?.activity(connection_id.as_ref(), search.as_deref())
}
