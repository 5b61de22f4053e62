//! The vault: one key, in the keyring or from a passphrase, and everything secret sealed under it. The store
//! keeps a sealed check value, by which a key that is not this vault's is told from the right one.

mod access;
mod errors;
mod fetch_key;
mod keyring;
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod native;
mod open_vault;
pub mod passphrase;
mod rekey;
mod reset;
mod seal;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;

pub use access::Vault;
pub use keyring::{Keyring, Sign};
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use native::SystemKeyring;
pub use passphrase::check as check_passphrase;
pub use passphrase::wrong as wrong_passphrase;
pub use rekey::Opener;
#[cfg(all(unix, not(target_os = "macos")))]
pub use secret_service::SystemKeyring;
