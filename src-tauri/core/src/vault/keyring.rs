//! The keyring of the operating system, where the one key of the vault is kept.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error as StoreError};

use crate::error::{Code, Error};

/// The service that the entry is filed under.
const SERVICE: &str = "dev.grapnel.desktop";

const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// A place that keeps a key under a name. Calls block, perhaps until a person has unlocked it.
pub trait Keyring: Send + Sync + 'static {
    /// The key named `name`; nothing where it has none.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error>;
    /// Keeps a key under `name`, in place of the one before.
    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error>;
    /// Removes the key named `name`. One that is not there is no failure.
    fn remove(&self, name: &str) -> Result<(), Error>;
    /// Ends when a keyring that did not answer may do so now. `tries` counts how often it was believed in vain.
    fn may_answer(&self, tries: u32) -> Sign {
        let _ = tries;
        Box::pin(std::future::pending())
    }
    /// Ends when it is known to answer whoever asks. Never where nothing tells that.
    fn opened(&self) -> Sign {
        Box::pin(std::future::pending())
    }
    /// Ends when whoever asks now may not be answered: it was locked, or ended, or nothing tells.
    fn closed(&self) -> Sign {
        Box::pin(std::future::ready(()))
    }
}

/// That something is otherwise now.
pub type Sign = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The platform's own: Secret Service, Keychain, or Credential Manager. It is looked up at each call, so
/// that one that was absent is found when it comes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemKeyring;

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

    fn may_answer(&self, tries: u32) -> Sign {
        Box::pin(may_answer(tries))
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn opened(&self) -> Sign {
        Box::pin(async {
            let mut tries = 0;
            while let Err(error) = super::secret_service::unlocked().await {
                tracing::info!(%error, "nothing tells whether the keyring answers");
                pause(tries).await;
                tries += 1;
            }
        })
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn closed(&self) -> Sign {
        Box::pin(async {
            if let Err(error) = super::secret_service::closed().await {
                tracing::info!(%error, "nothing tells when the keyring is locked");
            }
        })
    }
}

/// Where nothing tells when to try again, and between tries in vain: half a minute, and twice as long each time.
async fn pause(tries: u32) {
    tokio::time::sleep(FIRST_PAUSE * 2u32.pow(tries.min(7))).await;
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn may_answer(tries: u32) {
    if tries > 0 {
        pause(tries).await;
    }
    if let Err(error) = super::secret_service::unlocked().await {
        tracing::info!(%error, "nothing tells when the keyring answers");
        pause(tries).await;
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn may_answer(tries: u32) {
    pause(tries).await;
}

#[cfg(target_os = "macos")]
fn platform_store() -> keyring_core::Result<Arc<impl CredentialStoreApi>> {
    apple_native_keyring_store::keychain::Store::new()
}

#[cfg(windows)]
fn platform_store() -> keyring_core::Result<Arc<impl CredentialStoreApi>> {
    windows_native_keyring_store::Store::new()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn platform_store() -> keyring_core::Result<Arc<impl CredentialStoreApi>> {
    zbus_secret_service_keyring_store::Store::new()
}

fn absent(error: &StoreError) -> Error {
    tracing::warn!(%error, "no keyring");
    Error::new(Code::KeyringAbsent, "No keyring answers on this computer.")
        .means("Your tokens are sealed with a key that is kept there. None of them is lost, and none can be read until it answers.")
        .hint("Start a keyring (on Linux: GNOME Keyring, KWallet, or KeePassXC with Secret Service), then try again.")
}

fn failed(error: &StoreError) -> Error {
    tracing::warn!(%error, "the keyring failed");
    match error {
        StoreError::NoStorageAccess(_) => Error::new(Code::KeyringLocked, "Your keyring is locked.")
            .means("Your tokens are sealed with a key that is kept there. None of them is lost, and none can be read until it is unlocked.")
            .hint("Unlock the keyring, then try again."),
        _ => Error::new(Code::KeyringFailed, "Your keyring answered with a failure.")
            .means("Your tokens are sealed with a key that is kept there. None of them is lost.")
            .hint("Look whether other programs can read your keyring, then try again."),
    }
}
