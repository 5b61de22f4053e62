//! What a person notes about a connection for themselves. The provider knows nothing of it.

use serde::{Deserialize, Serialize};

/// The longest label, in characters.
pub const MAX_LABEL_CHARS: usize = 40;
/// The longest note, in characters.
pub const MAX_NOTE_CHARS: usize = 4_000;

/// What a person notes about a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Annotations {
    /// A label, such as a customer's name, by which lists can be grouped.
    pub label: Option<String>,
    /// A note of several lines; empty for none.
    pub note: String,
    /// Whether it is pinned to the top of the list.
    pub pinned: bool,
    /// Its place in the person's own order; `None` if it is listed by name, after those that have a place.
    pub position: Option<u32>,
}

/// A change of a connection's name and annotations. What is `None` stays unchanged.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ConnectionEdit {
    /// The new name.
    #[serde(default)]
    pub name: Option<String>,
    /// The new label; empty for none.
    #[serde(default)]
    pub label: Option<String>,
    /// The new note; empty for none.
    #[serde(default)]
    pub note: Option<String>,
    /// Whether to pin it to the top of the list.
    #[serde(default)]
    pub pinned: Option<bool>,
}
