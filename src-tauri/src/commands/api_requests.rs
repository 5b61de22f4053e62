//! Commands for the request page. The body of a response stays here: the page asks for the lines that it shows.

use grapnel_core::api_exchange::ResponseBody;
use grapnel_model::api_exchange::{
    ApiExchangeSummary, ApiExchangeView, ApiRequestDraft, ApiRequestPage, LineRange, ResponseKind,
    ResponseLayout, ResponseLine, ResponseMatches, SavedRequest, SnippetFormat,
};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::{ConnectionId, ExchangeId, SavedRequestId};
use tauri::{AppHandle, State};

use crate::cancellation::CancellableCalls;
use crate::clipboard::Clipboard;
use crate::core_handle::CoreHandle;
use crate::held_responses::HeldResponses;
use crate::save_file::PendingFile;

/// The largest body that is copied, in bytes. The clipboard of some systems takes no more in time.
const MAX_COPIED_BYTES: usize = 5_000_000;

/// What the request page of a connection starts with.
#[tauri::command]
#[specta::specta]
pub(crate) async fn api_request_page(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
) -> Result<ApiRequestPage> {
    core.core().await?.api_request_page(&connection_id).await
}

/// Sends a request with the connection's access token, and adds it to the history.
#[tauri::command]
#[specta::specta]
pub(crate) async fn send_api_request(
    core: State<'_, CoreHandle>,
    calls: State<'_, CancellableCalls>,
    held: State<'_, HeldResponses>,
    connection_id: ConnectionId,
    draft: ApiRequestDraft,
    call: u32,
) -> Result<ApiExchangeView> {
    let core = core.core().await?;
    let exchange = calls.run(call, core.send_api_request(&connection_id, &draft)).await?;
    held.hold(&exchange.view.summary.id, exchange.body);
    Ok(exchange.view)
}

/// Lines of a response's body, at most 400.
#[tauri::command]
#[specta::specta]
pub(crate) async fn response_lines(
    held: State<'_, HeldResponses>,
    exchange: ExchangeId,
    layout: ResponseLayout,
    ranges: Vec<LineRange>,
) -> Result<Vec<ResponseLine>> {
    Ok(held.get(&exchange)?.lines(layout, &ranges))
}

/// The lines of a response's body that contain a text, ignoring the case of ASCII letters.
#[tauri::command]
#[specta::specta]
pub(crate) async fn search_response(
    held: State<'_, HeldResponses>,
    exchange: ExchangeId,
    layout: ResponseLayout,
    text: String,
) -> Result<ResponseMatches> {
    let body = held.get(&exchange)?;
    let searched = tauri::async_runtime::spawn_blocking(move || body.search(layout, &text)).await;
    searched.map_err(|_| Error::new(Code::Internal, "The search was interrupted."))
}

/// Writes a response's body to a file that the person chooses, and returns its path; null if they cancel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_response(
    app: AppHandle,
    held: State<'_, HeldResponses>,
    exchange: ExchangeId,
) -> Result<Option<String>> {
    let body = held.get(&exchange)?;
    let Some(file) = PendingFile::ask(&app, "Save response", "response", extension(&body)).await? else {
        return Ok(None);
    };
    let saved = tauri::async_runtime::spawn_blocking(move || file.write(body.bytes())?.save(&app)).await;
    saved.map_err(|_| Error::new(Code::Internal, "Saving was interrupted."))?.map(Some)
}

fn extension(body: &ResponseBody) -> &'static str {
    match body.kind() {
        ResponseKind::Json => "json",
        ResponseKind::Text | ResponseKind::Empty => "txt",
        ResponseKind::Binary => "bin",
    }
}

/// Copies a response's body.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_response(
    held: State<'_, HeldResponses>,
    clipboard: State<'_, Clipboard>,
    exchange: ExchangeId,
) -> Result<()> {
    let body = held.get(&exchange)?;
    let refused = |message: &str| Error::new(Code::InvalidInput, message).hint("Save it to a file instead.");
    match body.text() {
        None => Err(refused("The response is not text, and was not copied.")),
        Some(text) if text.len() > MAX_COPIED_BYTES => {
            Err(refused("The response is larger than 5 MB, and was not copied."))
        }
        Some(text) => clipboard.copy(text),
    }
}

/// The exchanges of a connection, newest first: those that a person sent, and those of Grapnel.
#[tauri::command]
#[specta::specta]
pub(crate) async fn api_request_history(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
) -> Result<Vec<ApiExchangeSummary>> {
    core.core().await?.api_request_history(&connection_id).await
}

/// The exchanges of a connection whose headers or bodies contain a text, in any case.
#[tauri::command]
#[specta::specta]
pub(crate) async fn search_api_exchanges(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    text: String,
) -> Result<Vec<ExchangeId>> {
    core.core().await?.search_api_exchanges(&connection_id, &text).await
}

/// An exchange of the history.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_api_exchange(
    core: State<'_, CoreHandle>,
    held: State<'_, HeldResponses>,
    connection_id: ConnectionId,
    exchange: ExchangeId,
) -> Result<ApiExchangeView> {
    let opened = core.core().await?.open_api_exchange(&connection_id, &exchange).await?;
    held.hold(&exchange, opened.body);
    Ok(opened.view)
}

/// Deletes a request from the history.
#[tauri::command]
#[specta::specta]
pub(crate) async fn delete_api_exchange(
    core: State<'_, CoreHandle>,
    held: State<'_, HeldResponses>,
    connection_id: ConnectionId,
    exchange: ExchangeId,
) -> Result<()> {
    core.core().await?.delete_api_exchange(&connection_id, &exchange)?;
    held.drop_one(&exchange);
    Ok(())
}

/// Deletes the history of a connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn clear_api_request_history(
    core: State<'_, CoreHandle>,
    held: State<'_, HeldResponses>,
    connection_id: ConnectionId,
) -> Result<()> {
    core.core().await?.clear_api_request_history(&connection_id)?;
    held.drop_all();
    Ok(())
}

/// Saves a request under a name. With `replace`, it replaces another one of that name.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_api_request(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    name: String,
    draft: ApiRequestDraft,
    replace: bool,
) -> Result<SavedRequest> {
    core.core().await?.save_api_request(&connection_id, &name, draft, replace).await
}

/// Deletes a saved request.
#[tauri::command]
#[specta::specta]
pub(crate) async fn delete_saved_request(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    saved: SavedRequestId,
) -> Result<()> {
    core.core().await?.delete_saved_request(&connection_id, &saved)
}

/// A request as code for another program, which asks `grapnel token` for the token.
#[tauri::command]
#[specta::specta]
pub(crate) async fn api_request_snippet(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    draft: ApiRequestDraft,
    format: SnippetFormat,
) -> Result<String> {
    core.core().await?.api_request_snippet(&connection_id, &draft, format)
}

/// An exchange of the history as a curl command, without a secret.
#[tauri::command]
#[specta::specta]
pub(crate) async fn exchange_snippet(
    core: State<'_, CoreHandle>,
    connection_id: ConnectionId,
    exchange: ExchangeId,
) -> Result<String> {
    core.core().await?.exchange_snippet(&connection_id, &exchange).await
}
