//! How a provider says no: a fault that imitates a refusal has to say it in that provider's own form.

use axum::response::{IntoResponse, Response};

use crate::reply::ErrorReply;

/// What to answer when a fault refuses something that is good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusalReplies {
    /// The API does not take an access token.
    pub(crate) token: fn() -> Response,
    /// The token endpoint does not take a code or a refresh token.
    pub(crate) grant: fn() -> Response,
    /// The token endpoint does not take the client's credentials.
    pub(crate) client: fn() -> Response,
}

pub(crate) const FAULT_DESCRIPTION: &str = "a fault was asked for";

impl Default for RefusalReplies {
    /// As the RFCs say it (6749 §5.2, 6750 §3.1).
    fn default() -> Self {
        Self {
            token: || ErrorReply::bearer("invalid_token", FAULT_DESCRIPTION).into_response(),
            grant: || ErrorReply::invalid_grant(FAULT_DESCRIPTION).into_response(),
            client: || ErrorReply::invalid_client(FAULT_DESCRIPTION).into_response(),
        }
    }
}
