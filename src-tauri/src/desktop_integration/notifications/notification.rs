//! What a notification says.

use grapnel_model::text::clean_line;

use crate::window::Subject;

/// The text of a notification, and what a click opens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Notification {
    pub(super) title: String,
    pub(super) text: String,
    /// What a click opens.
    pub(super) about: Option<Subject>,
}

impl Notification {
    /// Removes control and bidirectional characters from both texts.
    pub(super) fn new(title: &str, text: &str, about: Option<Subject>) -> Self {
        Self { title: clean_line(title), text: clean_line(text), about }
    }
}
