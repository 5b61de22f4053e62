//! Commands for the window's initial state, and the activity log.

use grapnel_core::app::App;
use grapnel_model::activity::{Entry, Kind};
use grapnel_model::attempt::Attempt;
use grapnel_model::connection::Summary;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::ProviderView;
use serde::Serialize;
use tauri::{AppHandle, State};

use crate::core_handle::CoreHandle;
use crate::event_forwarding::EventBacklog;
use crate::first_page::FirstPage;
use crate::sandbox::SandboxHandle;
use crate::save_file::PendingFile;
use crate::window;

/// The window's initial state.
#[derive(Serialize, specta::Type)]
pub(crate) struct Overview {
    /// The built-in providers.
    pub(crate) providers: Vec<ProviderView>,
    /// All apps, by name.
    pub(crate) apps: Vec<App>,
    /// The connections, by name.
    pub(crate) connections: Vec<Summary>,
    /// Whether there are more connections.
    pub(crate) has_more: bool,
    /// The attempts that are not finished.
    pub(crate) attempts: Vec<Attempt>,
    /// Why the vault cannot be opened, if so.
    pub(crate) vault: Option<Error>,
    /// Why the sandbox is not running although it has apps.
    pub(crate) sandbox: Option<Error>,
    /// The apps that do not work because of that.
    pub(crate) sandbox_apps: Vec<AppId>,
}

/// More connections than fit on a screen.
const FIRST_CONNECTIONS: u32 = 100;

/// The window's initial state. With `at_first`, only the connections at the top of the list, so that the window does
/// not wait for ten thousand.
#[tauri::command]
#[specta::specta]
pub(crate) async fn overview(
    core: State<'_, CoreHandle>,
    window: AppHandle,
    sandbox: State<'_, SandboxHandle>,
    at_first: bool,
) -> Result<Overview> {
    window::page_loaded(&window);
    let core = core.core().await?;
    let (connections, has_more) =
        if at_first { core.first_connections(FIRST_CONNECTIONS)? } else { (core.connections()?, false) };
    let apps = core.apps()?;
    Ok(Overview {
        providers: core.providers(),
        connections,
        has_more,
        attempts: core.attempts()?,
        vault: core.vault_error(),
        sandbox: sandbox.trouble(),
        sandbox_apps: sandbox.stopped_apps(core, &apps),
        apps,
    })
}

/// The events from before the page listened, such as a refused callback that started the program. From now on, events
/// go to the page.
#[tauri::command]
#[specta::specta]
pub(crate) async fn missed_events(backlog: State<'_, EventBacklog>) -> Result<Vec<Event>> {
    Ok(backlog.take())
}

/// Records that the window has painted its first page: the work that waited for it begins.
#[tauri::command]
#[specta::specta]
pub(crate) async fn page_painted(first_page: State<'_, FirstPage>) -> Result<()> {
    first_page.painted();
    Ok(())
}

/// The current state of those of the given connections that exist.
#[tauri::command]
#[specta::specta]
pub(crate) async fn summaries(
    core: State<'_, CoreHandle>,
    connection_ids: Vec<ConnectionId>,
) -> Result<Vec<Summary>> {
    core.core().await?.summaries(&connection_ids)
}

/// The activity log, newest first: of one connection or of all, optionally only entries that contain `search`, and only
/// of the given kinds unless there are none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn activity(
    core: State<'_, CoreHandle>,
    connection_id: Option<ConnectionId>,
    search: Option<String>,
    kinds: Vec<Kind>,
) -> Result<Vec<Entry>> {
    core.core().await?.activity_of_kinds(connection_id.as_ref(), search.as_deref(), &kinds)
}

/// Writes the same entries as JSON to a file that the person chooses, and returns its path; null if they cancel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_activity(
    app: AppHandle,
    core: State<'_, CoreHandle>,
    connection_id: Option<ConnectionId>,
    search: Option<String>,
    kinds: Vec<Kind>,
) -> Result<Option<String>> {
    let core = core.core().await?;
    let entries = core.activity_of_kinds(connection_id.as_ref(), search.as_deref(), &kinds)?;
    let text = serde_json::to_vec_pretty(&entries)
        .map_err(|_| Error::new(Code::Internal, "The activity could not be written."))?;
    let Some(file) = PendingFile::ask(&app, "Export activity", "grapnel-activity", "json").await? else {
        return Ok(None);
    };
    let saved = tauri::async_runtime::spawn_blocking(move || file.write(&text)?.save(&app)).await;
    saved.map_err(|_| Error::new(Code::Internal, "Saving was interrupted."))?.map(Some)
}
