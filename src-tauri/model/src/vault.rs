//! The protection of the vault, as it is shown.

use serde::{Deserialize, Serialize};

/// What protects the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Nothing yet; the first secret creates a key in the keyring.
    None,
    /// A key in the keyring of the operating system.
    Keyring,
    /// A passphrase, entered at each start.
    Passphrase,
}
