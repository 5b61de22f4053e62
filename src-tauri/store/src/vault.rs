//! The vault: one key, from the keyring or derived from a passphrase, encrypts every secret in the database. An
//! encrypted check value in the database identifies the right key.

mod access;
mod errors;
mod fetch_key;
#[cfg(any(target_os = "macos", test))]
mod keychain_status;
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
pub use keyring::{Keyring, KeyringSignal};
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use native::SystemKeyring;
pub use passphrase::check as check_passphrase;
pub use passphrase::wrong as wrong_passphrase;
pub use rekey::UnlockMethod;
#[cfg(all(unix, not(target_os = "macos")))]
pub use secret_service::SystemKeyring;
