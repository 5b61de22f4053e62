//! `cms/post/list`: the filtered and sorted posts. Paging is not documented.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::caller::Caller;
use super::selection::Selection;
use crate::body::read_json;
use crate::reply::{ErrorReply, json_reply};
use crate::sample_data::Post;

#[derive(Serialize)]
struct Listed<'a> {
    success: bool,
    data: Vec<&'a Post>,
}

pub(super) async fn list(caller: Caller, headers: HeaderMap, body: Body) -> Result<Response, ErrorReply> {
    let log = caller.departure_log();
    let body = read_json(&headers, body, &log).await?;
    let project = caller.project(&body)?;
    let selection = Selection::read(&body, &log)?;
    Ok(json_reply(StatusCode::OK, &Listed { success: true, data: selection.of(project.posts()) }))
}
