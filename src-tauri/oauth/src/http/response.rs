//! An HTTP response of a provider.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

/// An HTTP response of a provider.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The `Content-Type`; empty if there is none.
    pub content_type: String,
    /// How long `Retry-After` asks to wait.
    pub retry_after: Option<Duration>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Vec<u8>,
}
