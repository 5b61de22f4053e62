//! A deviation: where a provider's reply departed from the RFC, named so that a person can read it.

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
