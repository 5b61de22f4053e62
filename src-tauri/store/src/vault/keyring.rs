//! The keyring of the operating system, which stores the vault key.

use std::pin::Pin;
use std::time::Duration;

use grapnel_model::error::Error;

const FIRST_RETRY_DELAY: Duration = Duration::from_secs(30);

/// A keyring that stores keys by name. Calls may block until the person has unlocked it.
pub trait Keyring: Send + Sync + 'static {
    /// The key named `name`; none if there is no such entry.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error>;
    /// Like [`Self::get`]; of several entries of that name, the one that `is_right` accepts.
    fn find(&self, name: &str, is_right: &dyn Fn(&[u8]) -> bool) -> Result<Option<Vec<u8>>, Error> {
        let _ = is_right;
        self.get(name)
    }
    /// Stores a key under `name`; replaces an entry of that name.
    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error>;
    /// Removes the key named `name`, if there is one.
    fn remove(&self, name: &str) -> Result<(), Error>;
    /// Checks the keyring as far as that needs no prompt.
    fn look(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Unlocks the keyring if that needs no prompt: some are locked until a program asks, although the login has
    /// unlocked them.
    fn wake(&self) -> KeyringSignal {
        Box::pin(std::future::ready(()))
    }
    /// Ends when an unavailable keyring may be available again. `tries` counts the attempts that failed since.
    fn may_answer(&self, tries: u32) -> KeyringSignal {
        let _ = tries;
        Box::pin(std::future::pending())
    }
    /// Ends when the keyring is known to be unlocked; never where the platform does not signal that.
    fn opened(&self) -> KeyringSignal {
        Box::pin(std::future::pending())
    }
    /// Ends when the keyring may have been locked or has ended; at once where the platform does not signal that.
    fn closed(&self) -> KeyringSignal {
        Box::pin(std::future::ready(()))
    }
}

/// A future that ends when the state of the keyring changes.
pub type KeyringSignal = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Exponential back-off, from half a minute, where the platform does not signal when to try again.
pub(super) async fn pause(tries: u32) {
    tokio::time::sleep(FIRST_RETRY_DELAY * 2u32.pow(tries.min(7))).await;
}
