//! Reads and replaces the body of a reply.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header;
use axum::response::Response;

pub(super) async fn take_body(response: Response) -> (Response, Bytes) {
    let (parts, body) = response.into_parts();
    // The body is our own, held in memory: reading it cannot fail.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (Response::from_parts(parts, Body::empty()), bytes)
}

pub(super) fn with_body(mut response: Response, body: impl Into<Body>) -> Response {
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = body.into();
    response
}
