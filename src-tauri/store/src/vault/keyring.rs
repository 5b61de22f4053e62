//! The keyring of the operating system, which stores the vault key.

use std::pin::Pin;
use std::time::Duration;

use grapnel_model::error::Error;

const FIRST_RETRY_DELAY: Duration = Duration::from_secs(30);

/// A keyring that stores keys by name. Calls may block until the person has unlocked it.
pub trait Keyring: Send + Sync + 'static {
    /// The key named `name`; `None` if there is no such entry.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error>;
    /// Like [`Self::get`]; among several entries with that name, the one that `is_right` accepts.
    fn find(&self, name: &str, is_right: &dyn Fn(&[u8]) -> bool) -> Result<Option<Vec<u8>>, Error> {
        let _ = is_right;
        self.get(name)
    }
    /// Stores a key under `name`, replacing an existing entry.
    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error>;
    /// Deletes the key named `name`, if it exists.
    fn remove(&self, name: &str) -> Result<(), Error>;
    /// Checks the keyring without causing a prompt.
    fn look(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Unlocks the keyring if that needs no prompt. Some are locked until a program asks, although the login has
    /// provided the password.
    fn wake(&self) -> KeyringSignal {
        Box::pin(std::future::ready(()))
    }
    /// Completes when an unavailable keyring may be available again. `tries` counts the failed attempts since.
    fn may_answer(&self, tries: u32) -> KeyringSignal {
        let _ = tries;
        Box::pin(std::future::pending())
    }
    /// Completes when the keyring is known to be unlocked; never if the platform does not signal that.
    fn opened(&self) -> KeyringSignal {
        Box::pin(std::future::pending())
    }
    /// Completes when the keyring may have been locked or ended; at once if the platform does not signal that.
    fn closed(&self) -> KeyringSignal {
        Box::pin(std::future::ready(()))
    }
}

/// A future that completes when the state of the keyring changes.
pub type KeyringSignal = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Exponential back-off from half a minute, for platforms that do not signal when to try again.
pub(super) async fn pause(tries: u32) {
    tokio::time::sleep(FIRST_RETRY_DELAY * 2u32.pow(tries.min(7))).await;
}
