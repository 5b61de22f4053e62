//! The scheme, and the program that is registered for it.

/// The scheme of deep links.
pub(crate) const SCHEME: &str = "dev.grapnel.desktop";

/// The program that is registered for the scheme.
pub(crate) enum Owner {
    /// This program.
    Own,
    /// Another program, by the name that the system has for it.
    Other(String),
    /// No program.
    Nobody,
    /// Unknown, since the system cannot be asked.
    Unknown,
}
