//! JSON-RPC errors.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::reply::json_reply;

/// A JSON-RPC error reply. The HTTP statuses of the standard errors are assumed.
#[derive(Debug)]
pub(in crate::grindery) struct Failure {
    pub(super) status: StatusCode,
    pub(super) id: Value,
    pub(super) code: i32,
    pub(super) message: &'static str,
}

impl Failure {
    pub(in crate::grindery) fn new(status: StatusCode, code: i32, message: &'static str) -> Self {
        Self { status, id: Value::Null, code, message }
    }

    pub(in crate::grindery) fn bad_token() -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32602, "Invalid access token")
    }

    pub(in crate::grindery) fn parse() -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32700, "Parse error")
    }

    pub(in crate::grindery) fn invalid() -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32600, "Invalid Request")
    }

    pub(in crate::grindery) fn no_method() -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32601, "Method not found")
    }

    pub(in crate::grindery) fn wrong_params() -> Self {
        Self::new(StatusCode::BAD_REQUEST, -32602, "Invalid params")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = json!({ "code": self.code, "message": self.message });
        json_reply(self.status, &json!({ "jsonrpc": "2.0", "id": self.id, "error": error }))
    }
}
