//! The access token that Grapnel hands out.

use jiff::Timestamp;

use crate::secret::SecretString;

/// An access token and its expiry. It cannot be serialized, and `Debug` shows no part of its value.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token itself.
    pub value: SecretString,
    /// When it expires; `None` if that is unknown.
    pub expires_at: Option<Timestamp>,
}
