//! The purpose of a file dialog.

/// The purpose of a file dialog.
#[derive(Debug)]
pub(super) enum Purpose {
    /// Write a file, with this proposed name. The dialog asks before replacing an existing one.
    Save(String),
    /// Read a file.
    Open,
}
