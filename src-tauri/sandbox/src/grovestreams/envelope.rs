//! The envelope: every reply but that of the token endpoint has `success` and `message`, and a failure has status 200.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::refusal::{Refusal, reply};

pub(super) fn failed(message: &str) -> Response {
    reply(StatusCode::OK, &json!({ "success": false, "message": message }))
}

pub(super) fn refused(refusal: &Refusal) -> Response {
    failed(refusal.why())
}

/// A success, with `value` as the member `name`.
pub(super) fn succeeded(name: &str, value: &Value) -> Response {
    reply(StatusCode::OK, &json!({ "success": true, "message": "", name: value }))
}
