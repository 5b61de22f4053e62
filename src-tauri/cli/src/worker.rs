//! A worker: `GRAPNEL_TEAM_URL` and `GRAPNEL_TEAM_KEY` give the connections of a team to a process that has no data of
//! its own, such as a CI job.

use std::collections::HashMap;
use std::sync::Arc;

use grapnel_core::clock::Clock;
use grapnel_core::{Grapnel, Keyring};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::id::TeamId;
use grapnel_model::secret::SecretString;
use parking_lot::Mutex;
use tempfile::TempDir;

/// The variable with the URL of the team's database.
pub(crate) const URL_VARIABLE: &str = "GRAPNEL_TEAM_URL";
/// The variable with the worker's key.
pub(crate) const KEY_VARIABLE: &str = "GRAPNEL_TEAM_KEY";

/// What a worker has instead of data, until the end of the process.
pub struct Worker {
    url: SecretString,
    key: SecretString,
    /// Deleted with it. What is in it is encrypted with a key that only this process has.
    home: TempDir,
}

impl Worker {
    /// The worker of this process, if its environment names one.
    ///
    /// # Errors
    /// One of the two variables is missing, or no temporary directory can be made.
    pub fn of_environment() -> Result<Option<Self>> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        match (variable(URL_VARIABLE), variable(KEY_VARIABLE)) {
            (None, None) => Ok(None),
            (Some(url), Some(key)) => Self::new(url.trim().into(), key.trim().into()).map(Some),
            (url, _) => {
                let (is, is_not) =
                    if url.is_some() { (URL_VARIABLE, KEY_VARIABLE) } else { (KEY_VARIABLE, URL_VARIABLE) };
                Err(Error::input(is_not, format!("{is} is set, and {is_not} is not."))
                    .means("Nothing was asked of the team.")
                    .hint("Set both from the secret store of the job, or neither."))
            }
        }
    }

    /// The worker with this key.
    pub fn new(url: SecretString, key: SecretString) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("grapnel-worker-").tempdir().map_err(|error| {
            Error::new(Code::DataUnwritable, format!("No temporary directory can be made: {error}."))
                .hint("Set TMPDIR to a directory that can be written.")
        })?;
        Ok(Self { url, key, home })
    }

    /// Opens the worker's own data.
    pub(crate) fn open(&self, clock: Arc<dyn Clock>) -> Result<Grapnel> {
        Grapnel::with(self.home.path(), Arc::new(MemoryKeyring::default()), clock)
    }

    /// Becomes the member that the key is for. Returns the team.
    pub(crate) async fn join(&self, grapnel: &Grapnel) -> Result<TeamId> {
        Box::pin(grapnel.become_worker(&self.url, &self.key)).await
    }
}

/// A keyring that ends with the process.
#[derive(Default)]
struct MemoryKeyring(Mutex<HashMap<String, Vec<u8>>>);

impl Keyring for MemoryKeyring {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.lock().get(name).cloned())
    }

    fn set(&self, name: &str, key: &[u8]) -> Result<()> {
        self.0.lock().insert(name.to_owned(), key.to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.0.lock().remove(name);
        Ok(())
    }
}
