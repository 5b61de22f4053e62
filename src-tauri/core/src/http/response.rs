//! A provider's reply.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

/// What a provider answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    /// What `Retry-After` asks for.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}
