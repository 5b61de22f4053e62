//! Why the token endpoint gave no grant.

use http::StatusCode;

use super::failure::Failure;

/// Why there is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFailure {
    /// The provider said no, in OAuth's words (RFC 6749 §5.2) or in its own. The code is empty where there is none.
    #[error("refused with status {status}: {error}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The error code; empty if there is none.
        error: String,
        /// The provider's own words.
        description: Option<String>,
    },
    /// There was no usable reply.
    #[error(transparent)]
    Failed(#[from] Failure),
}
