//! A provider's error replies, which faults imitate.

use axum::response::{IntoResponse, Response};

use crate::reply::ErrorReply;

/// The error replies of a provider for injected refusals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusalReplies {
    /// The API refuses an access token.
    pub(crate) token: fn() -> Response,
    /// The token endpoint refuses a code or a refresh token.
    pub(crate) grant: fn() -> Response,
    /// The token endpoint refuses the client's credentials.
    pub(crate) client: fn() -> Response,
}

pub(crate) const FAULT_DESCRIPTION: &str = "a fault was asked for";

impl Default for RefusalReplies {
    /// The replies of RFC 6749 §5.2 and RFC 6750 §3.1.
    fn default() -> Self {
        Self {
            token: || ErrorReply::bearer("invalid_token", FAULT_DESCRIPTION).into_response(),
            grant: || ErrorReply::invalid_grant(FAULT_DESCRIPTION).into_response(),
            client: || ErrorReply::invalid_client(FAULT_DESCRIPTION).into_response(),
        }
    }
}
