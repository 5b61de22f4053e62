//! Commands for browsing a connection's content. With `kept`, they return cached data without a request to the
//! provider.

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

/// The projects of a connection.
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

/// The details of a project.
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

/// The collections of a connection, for APIs without projects.
#[tauri::command]
#[specta::specta]
pub(crate) async fn collections(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
) -> Result<Vec<Collection>> {
    core.core().await?.collections(&connection_id)
}

/// The items of a collection: all, or those of one parent.
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

/// Loads the posts of a project with the filters that the provider supports. Progress is reported by events.
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

/// A page of the cached posts that match a query.
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

/// The number of cached posts that match a query, per month and status.
#[tauri::command]
#[specta::specta]
pub(crate) async fn post_months(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    query: PostQuery,
) -> Result<Vec<Month>> {
    core.core().await?.cached().months(&connection_id, &query).await
}

/// A cached post with all its members.
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

/// Opens a post's public page in the browser. The core builds the URL, so that the page cannot have any other opened.
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

/// Copies a post as JSON, as the provider returned it.
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

/// A written file.
#[derive(Serialize, specta::Type)]
pub(crate) struct ExportedPosts {
    /// Its path.
    path: String,
    /// The number of posts in it.
    posts: u32,
}

/// Writes the cached posts that match a query to a file that the person chooses; returns null if they cancel.
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

/// Searches the cached content for all words of a text.
#[tauri::command]
#[specta::specta]
pub(crate) async fn search(core: State<'_, CoreHandle>, text: String) -> Result<Vec<SearchHit>> {
    core.core().await?.cached().search(&text).await
}

/// Cancels a running call by its number, which the window has chosen.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel(calls: State<'_, CancellableCalls>, call: u32) -> Result<()> {
    calls.cancel(call);
    Ok(())
}
