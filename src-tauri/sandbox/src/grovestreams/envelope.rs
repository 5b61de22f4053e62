//! The reply envelope with `success` and `message`, used except at the token endpoint. Failures have status 200.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::reply::{ErrorReply, json_reply};

pub(super) fn failed(message: &str) -> Response {
    json_reply(StatusCode::OK, &json!({ "success": false, "message": message }))
}

pub(super) fn refused(refusal: &ErrorReply) -> Response {
    failed(refusal.description())
}

/// A success, with `value` as the member `name`.
pub(super) fn succeeded(name: &str, value: &Value) -> Response {
    json_reply(StatusCode::OK, &json!({ "success": true, "message": "", name: value }))
}
