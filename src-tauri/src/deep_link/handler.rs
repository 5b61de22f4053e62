//! The scheme, and who opens its links.

/// The scheme.
pub(crate) const SCHEME: &str = "dev.grapnel.desktop";

/// Who opens links of our scheme.
pub(crate) enum Owner {
    /// This program.
    Own,
    /// Another one, by the name of its entry.
    Other(String),
    /// Nobody.
    Nobody,
    /// The system cannot be asked.
    Unknown,
}
