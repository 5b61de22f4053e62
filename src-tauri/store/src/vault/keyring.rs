//! The keyring of the operating system, where the one key of the vault is kept.

use std::pin::Pin;
use std::time::Duration;

use grapnel_model::error::Error;

const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// A place that keeps a key under a name. Calls block, perhaps until a person has unlocked it.
pub trait Keyring: Send + Sync + 'static {
    /// The key named `name`; nothing where it has none.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error>;
    /// The same; where it has several of that name, the one that `is_right`.
    fn find(&self, name: &str, is_right: &dyn Fn(&[u8]) -> bool) -> Result<Option<Vec<u8>>, Error> {
        let _ = is_right;
        self.get(name)
    }
    /// Keeps a key under `name`, in place of the one before.
    fn set(&self, name: &str, key: &[u8]) -> Result<(), Error>;
    /// Removes the key named `name`. One that is not there is no failure.
    fn remove(&self, name: &str) -> Result<(), Error>;
    /// What can be told of it without asking it, or a person, for anything.
    fn look(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Has it open, as far as that needs no person, and ends then: some are locked until somebody asks.
    fn wake(&self) -> Sign {
        Box::pin(std::future::ready(()))
    }
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

/// Where nothing tells when to try again, and between tries in vain: half a minute, and twice as long each time.
pub(super) async fn pause(tries: u32) {
    tokio::time::sleep(FIRST_PAUSE * 2u32.pow(tries.min(7))).await;
}
