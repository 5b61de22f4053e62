//! The keyring of macOS (Keychain) and of Windows (Credential Manager), through `keyring-core`.

use std::future::{pending, ready};
use std::sync::Arc;

use grapnel_model::error::{Code, Error};
use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error as StoreError};

use super::keyring::{Keyring, KeyringSignal, pause};

/// The service attribute of the entry.
const SERVICE: &str = "dev.grapnel.desktop";

/// The keyring of the operating system. Each call looks it up, so that it is used as soon as it is available.
#[derive(Debug, Clone, Default)]
pub struct SystemKeyring {
    _private: (),
}

impl SystemKeyring {
    fn entry(name: &str) -> Result<Entry, Error> {
        let store = platform_store().map_err(|error| absent(&error))?;
        store.build(SERVICE, name, None).map_err(|error| failed(&error))
    }
}

impl Keyring for SystemKeyring {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match Self::entry(name)?.get_secret() {
            Ok(key) => Ok(Some(key)),
            Err(StoreError::NoEntry) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error> {
        Self::entry(name)?.set_secret(key).map_err(|error| failed(&error))
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        match Self::entry(name)?.delete_credential() {
            Ok(()) | Err(StoreError::NoEntry) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    fn may_answer(&self, tries: u32) -> KeyringSignal {
        Box::pin(pause(tries))
    }

    /// At once: the Credential Manager is open as long as the person is logged in, and so is the Keychain, unless the
    /// person locks it by hand.
    fn opened(&self) -> KeyringSignal {
        Box::pin(ready(()))
    }

    /// Never: neither of them signals it.
    fn closed(&self) -> KeyringSignal {
        Box::pin(pending())
    }
}

#[cfg(target_os = "macos")]
fn platform_store() -> keyring_core::Result<Arc<impl CredentialStoreApi>> {
    apple_native_keyring_store::keychain::Store::new()
}

#[cfg(windows)]
fn platform_store() -> keyring_core::Result<Arc<impl CredentialStoreApi>> {
    windows_native_keyring_store::Store::new()
}

fn absent(error: &StoreError) -> Error {
    tracing::warn!(%error, "no keyring");
    Error::new(Code::KeyringAbsent, "No keyring answers on this computer.")
        .means("Your tokens are encrypted with a key that is stored there. None of them is lost, and none can be read \
            until it answers.")
        .hint("Start the keyring of your system, then try again.")
}

fn failed(error: &StoreError) -> Error {
    tracing::warn!(%error, "the keyring failed");
    match error {
        StoreError::NoStorageAccess(_) => locked(),
        #[cfg(target_os = "macos")]
        StoreError::PlatformFailure(inner) if code_of(inner) == Some(Code::KeyringLocked) => locked(),
        #[cfg(target_os = "macos")]
        StoreError::PlatformFailure(inner) if code_of(inner) == Some(Code::KeyringDenied) => Error::new(
            Code::KeyringDenied,
            "Grapnel was denied access to its key in your keychain.",
        )
        .means(
            "Your tokens are encrypted with that key. None of them is lost, and none can be read without it.",
        )
        .hint("Try again, and choose Allow or Always Allow when macOS asks."),
        StoreError::Ambiguous(entries) => Error::new(
            Code::KeyringAmbiguous,
            format!("Your keyring has {} entries for this vault.", entries.len()),
        )
        .means("Your tokens are encrypted with a key that is stored there. None of them is lost.")
        .hint("Remove the entries that are not Grapnel’s, then try again."),
        _ => Error::new(Code::KeyringFailed, "Your keyring answered with a failure.")
            .means("Your tokens are encrypted with a key that is stored there. None of them is lost.")
            .hint("Look whether other programs can read your keyring, then try again."),
    }
}

fn locked() -> Error {
    Error::new(Code::KeyringLocked, "Your keyring is locked.")
        .means("Your tokens are encrypted with a key that is stored there. None of them is lost, and none can be read \
            until it is unlocked.")
        .hint("Unlock the keyring, then try again.")
}

#[cfg(target_os = "macos")]
fn code_of(inner: &keyring_core::error::PlatformError) -> Option<Code> {
    let status = inner.downcast_ref::<security_framework::base::Error>()?.code();
    super::keychain_status::code(status)
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    /// A credential of Windows holds 2,560 bytes, and the vault stores nothing but its keys there.
    #[test]
    fn a_key_is_stored_replaced_and_removed() {
        let keyring = SystemKeyring::default();
        let name = format!("test of {}", std::process::id());
        assert_eq!(keyring.get(&name).unwrap(), None);
        for key in [[7; 32], [9; 32]] {
            keyring.set(&name, &key).unwrap();
            assert_eq!(keyring.get(&name).unwrap().as_deref(), Some(&key[..]));
        }
        keyring.remove(&name).unwrap();
        keyring.remove(&name).unwrap();
        assert_eq!(keyring.get(&name).unwrap(), None);
        assert_eq!(keyring.set(&name, &[0; 2561]).unwrap_err().code, Code::KeyringFailed);
    }
}
