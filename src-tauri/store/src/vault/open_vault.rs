//! An unlocked vault.

use super::seal::VaultKey;

/// A key and the vault that it opens.
#[derive(Clone)]
pub(super) struct OpenVault {
    /// The name of the vault.
    pub(super) vault: String,
    pub(super) key: VaultKey,
}
