//! Why the token endpoint gave no grant.

use http::StatusCode;

use super::failure::Failure;

/// Why there is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFailure {
    /// An error response (RFC 6749 §5.2, or the provider's own form).
    #[error("refused with status {status}: {error}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The error code; empty if there is none.
        error: String,
        /// The provider's description.
        description: Option<String>,
    },
    /// There was no usable response.
    #[error(transparent)]
    Failed(#[from] Failure),
}
