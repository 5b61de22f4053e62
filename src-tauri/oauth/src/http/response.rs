//! A provider's reply.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

/// What a provider answered.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The `Content-Type`; empty if there is none.
    pub content_type: String,
    /// What `Retry-After` asks for.
    pub retry_after: Option<Duration>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Vec<u8>,
}
