//! What is stored and shown of a token response: its deviations from the RFC, and its redacted content.

use serde::{Deserialize, Serialize};

/// A deviation from the RFC that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Deviation {
    /// The member of the response, such as `expires_in`.
    pub member: String,
    /// What was found and how it was read, such as `came as text and was read as the number 3600`.
    pub found: String,
}

/// A response with its secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RedactedResponse {
    /// The HTTP status, such as 200.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// Headers that help to explain a refused request.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The members as indented JSON, with each secret replaced by a description such as `‹43 characters›`. The text, if
    /// an error response is not JSON.
    pub body: String,
}
