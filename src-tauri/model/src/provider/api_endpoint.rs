//! The known endpoints of a provider's API, for completion and for requests that name a path alone.

use serde::{Deserialize, Serialize};

use super::view::Source;

/// A known endpoint of a provider's API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiEndpoint {
    /// The HTTP method.
    pub method: String,
    /// The path below the API base; may be empty.
    pub path: String,
    /// What to call it where the path does not tell it from others, such as a JSON-RPC method.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it does, in a few words.
    pub summary: String,
    /// An example of the body, as JSON; empty if it takes none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Where it is known from.
    pub source: Source,
}

impl ApiEndpoint {
    /// What a person writes to call it: its name, else its path.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.path } else { &self.name }
    }

    /// Whether its example body can be sent as it is: no value in it is for the person to fill in (`<…>`).
    pub fn is_complete(&self) -> bool {
        !self.body.contains("\"<")
    }
}
