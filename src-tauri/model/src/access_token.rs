//! An access token as it is handed out.

use jiff::Timestamp;

use crate::secret::SecretString;

/// An access token, and how long it lasts. It cannot be serialized, and printing it shows no part of its value.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token itself.
    pub value: SecretString,
    /// When it expires, as far as is known.
    pub expires_at: Option<Timestamp>,
}
