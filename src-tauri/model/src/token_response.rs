//! What is kept and shown of a token endpoint's response: where it departed from the RFC, and its text without secrets.

use serde::{Deserialize, Serialize};

/// One departure from the standard that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Deviation {
    /// The member of the reply, such as `expires_in`.
    pub member: String,
    /// What was found and how it was read, such as `came as text and was read as the number 3600`.
    pub found: String,
}

/// A reply with its secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RedactedResponse {
    /// The status, such as 200.
    pub status: u16,
    /// The content type that it named.
    pub content_type: String,
    /// The headers that help to find out why it was refused.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Its members, as indented JSON, each secret replaced by a description such as `‹43 characters›`. Of a refusal
    /// that is no JSON, the text.
    pub body: String,
}
