//! The commands of the window that browse what a connection opens. `kept` asks for what was read before, and not
//! the provider.

use grapnel_core::content::export::Format;
use grapnel_model::content::{
    Collection, Items, Month, PostDetails, PostPage, PostQuery, Project, Projects, SearchHit,
};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::ConnectionId;
use serde::Serialize;
use tauri::{AppHandle, State};

use crate::browser;
use crate::cancellation::CancellableCalls;
use crate::clipboard::Clipboard;
use crate::core_handle::CoreHandle;
use crate::save_file::PendingFile;

/// The projects that a connection opens.
#[tauri::command]
#[specta::specta]
pub(crate) async fn projects(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    connection_id: ConnectionId,
    kept: bool,
    call: u32,
) -> Result<Projects> {
    let core = core.core().await?;
    if kept {
        return core.cached().projects(&connection_id).await;
    }
    calls.run(call, core.projects(&connection_id)).await
}

/// Everything about one project.
#[tauri::command]
#[specta::specta]
pub(crate) async fn project(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    connection_id: ConnectionId,
    project_id: String,
    kept: bool,
    call: u32,
) -> Result<Project> {
    let core = core.core().await?;
    if kept {
        return core.cached().project(&connection_id, &project_id).await;
    }
    calls.run(call, core.project(&connection_id, &project_id)).await
}

/// The kinds of things that a connection opens, where they are not projects.
#[tauri::command]
#[specta::specta]
pub(crate) async fn collections(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
) -> Result<Vec<Collection>> {
    core.core().await?.collections(&connection_id)
}

/// The things of one kind: all, or those within another thing.
#[tauri::command]
#[specta::specta]
pub(crate) async fn items(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    connection_id: ConnectionId,
    collection: String,
    within: Option<String>,
    kept: bool,
    call: u32,
) -> Result<Items> {
    let core = core.core().await?;
    if kept {
        return core.cached().items(&connection_id, &collection, within.as_deref()).await;
    }
    calls.run(call, core.items(&connection_id, &collection, within.as_deref())).await
}

/// Reads posts of a project with the filters that the provider knows. How far that is comes as events.
#[tauri::command]
#[specta::specta]
pub(crate) async fn load_posts(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    connection_id: ConnectionId,
    query: PostQuery,
    call: u32,
) -> Result<()> {
    calls.run(call, core.core().await?.load_posts(&connection_id, &query)).await
}

/// Some of the posts that a query finds in what was read.
#[tauri::command]
#[specta::specta]
pub(crate) async fn post_page(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    query: PostQuery,
    offset: u32,
    limit: u32,
) -> Result<PostPage> {
    core.core().await?.cached().page(&connection_id, &query, offset, limit).await
}

/// How many posts of each month and status a query finds in what was read.
#[tauri::command]
#[specta::specta]
pub(crate) async fn post_months(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    query: PostQuery,
) -> Result<Vec<Month>> {
    core.core().await?.cached().months(&connection_id, &query).await
}

/// A post of what was read, with everything that came.
#[tauri::command]
#[specta::specta]
pub(crate) async fn post(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    query: PostQuery,
    post_id: String,
) -> Result<PostDetails> {
    core.core().await?.cached().post(&connection_id, &query, &post_id).await
}

/// Opens a post's public page in the browser. The address is made in the core, not in the window.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_post(
    core: State<'_, CoreHandle>,
    app: AppHandle,
    connection_id: ConnectionId,
    query: PostQuery,
    post_id: String,
) -> Result<()> {
    let core = core.core().await?;
    let details = core.cached().post(&connection_id, &query, &post_id).await?;
    let address = details
        .address
        .ok_or_else(|| Error::new(Code::NotFound, "Where this post is on its site cannot be told."))?;
    let opened = browser::open(&app, address.into(), core.browser(&connection_id)?).await;
    opened.map_err(|error| {
        Error::new(error.code, error.message).hint("Open the post’s page on its site by hand.")
    })
}

/// Copies a post as JSON, as it came.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_post(
    core: State<'_, CoreHandle>,
    clipboard: State<'_, Clipboard>,
    connection_id: ConnectionId,
    query: PostQuery,
    post_id: String,
) -> Result<()> {
    clipboard.copy(&core.core().await?.cached().post_json(&connection_id, &query, &post_id).await?)
}

/// A file that was written.
#[derive(Serialize, specta::Type)]
pub(crate) struct ExportedPosts {
    /// Where it is.
    path: String,
    /// How many posts are in it.
    posts: u32,
}

/// Writes the posts that a query finds in what was read to a file that the person chooses; nothing where they choose
/// none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_posts(
    app: AppHandle,
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    query: PostQuery,
    name: String,
    format: Format,
) -> Result<Option<ExportedPosts>> {
    let kept = core.core().await?.cached();
    let extension = match format {
        Format::Csv => "csv",
        Format::Json => "json",
    };
    let Some(file) = PendingFile::ask(&app, "Export posts", &name, extension).await? else { return Ok(None) };
    let posts = kept.export(&connection_id, &query, format, file.writer()?).await?;
    Ok(Some(ExportedPosts { path: file.save(&app)?, posts }))
}

/// What holds every word of a text, across everything that was read.
#[tauri::command]
#[specta::specta]
pub(crate) async fn search(core: State<'_, CoreHandle>, text: String) -> Result<Vec<SearchHit>> {
    core.core().await?.cached().search(&text).await
}

/// Cancels a call that the window waits for, by the number it gave it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel(calls: State<'_, CancellableCalls>, call: u32) -> Result<()> {
    calls.cancel(call);
    Ok(())
}
