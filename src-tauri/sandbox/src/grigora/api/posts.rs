//! `cms/post/list`: every post that the filters leave, in the order asked for. There is no paging on the page.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::caller::Caller;
use super::selection::Selection;
use crate::body::read_json;
use crate::refusal::{Refusal, reply};
use crate::world::Post;

#[derive(Serialize)]
struct Listed<'a> {
    success: bool,
    data: Vec<&'a Post>,
}

pub(super) async fn list(caller: Caller, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let notes = caller.notes();
    let body = read_json(&headers, body, &notes).await?;
    let project = caller.project(&body)?;
    let selection = Selection::read(&body, &notes)?;
    Ok(reply(StatusCode::OK, &Listed { success: true, data: selection.of(project.posts()) }))
}
