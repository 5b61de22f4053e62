//! An open vault.

use super::seal::Key;

/// A key, and the vault that it opens.
#[derive(Clone)]
pub(super) struct Opened {
    /// Its name.
    pub(super) vault: String,
    pub(super) key: Key,
}
