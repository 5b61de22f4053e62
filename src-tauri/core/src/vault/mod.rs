//! The vault: one key in the keyring, and everything secret sealed under it. The store keeps a sealed
//! check value, by which a key that is not this vault's is told from the right one.

mod ask;
mod keyring;
mod seal;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

pub use keyring::{Keyring, SystemKeyring};

use crate::error::{Code, Error, Result};
use crate::secret::{ExposeSecret, Sealed, SecretString};
use crate::store::{self, Store};
use seal::Key;

/// How long a person may take to unlock the keyring.
const PATIENCE: Duration = Duration::from_secs(120);
/// A keyring that has not answered by now is waiting for a person.
const SLOW: Duration = Duration::from_secs(2);

/// Seals and opens secrets.
pub(crate) struct Vault(Arc<Inner>);

struct Inner {
    keyring: Arc<dyn Keyring>,
    store: Store,
    tell: Box<dyn Fn(Option<Error>) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    key: Option<Key>,
    /// The one question that is under way, whoever asked it; true once it is answered.
    asking: Option<watch::Receiver<bool>>,
    /// Why the last question brought no key.
    failure: Option<Error>,
    /// The same, as far as it is the keyring's.
    trouble: Option<Error>,
}

impl Vault {
    /// A vault whose key is in `keyring`. `tell` hears when the keyring stops answering, and when it answers again.
    pub(crate) fn new(
        keyring: Arc<dyn Keyring>,
        store: Store,
        tell: impl Fn(Option<Error>) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { keyring, store, tell: Box::new(tell), state: Mutex::default() }))
    }

    /// Why the vault could not be opened the last time, if it could not.
    pub(crate) fn trouble(&self) -> Option<Error> {
        self.0.state().trouble.clone()
    }

    /// Whether anything was sealed, or was to be.
    pub(crate) fn is_needed(&self) -> Result<bool> {
        Ok(self.trouble().is_some() || self.0.store.read(store::vault::vault)?.is_some())
    }

    /// Looks whether the key is there, and is this vault's.
    pub(crate) async fn check(&self) -> Result<()> {
        self.key().await.map(drop)
    }

    /// Seals a secret for `place`: record, id and column, such as `connection/ID/access`.
    pub(crate) async fn seal(&self, place: &str, secret: &SecretString) -> Result<Sealed> {
        let key = self.key().await?;
        Ok(Sealed(key.seal(place, secret.expose_secret().as_bytes())))
    }

    /// Opens what was sealed for `place`.
    pub(crate) async fn open(&self, place: &str, sealed: &Sealed) -> Result<SecretString> {
        let key = self.key().await?;
        let plain = key.open(place, &sealed.0).ok_or_else(damaged)?;
        std::str::from_utf8(&plain).map(SecretString::from).map_err(|_| damaged())
    }

    /// The key, asked for once and kept in memory from then on.
    async fn key(&self) -> Result<Key> {
        let mut asking = match self.0.key_or_question() {
            Ok(key) => return Ok(key),
            Err(asking) => asking,
        };
        if tokio::time::timeout(SLOW, asking.wait_for(|answered| *answered)).await.is_err() {
            self.0.note(Some(slow()));
            if tokio::time::timeout(PATIENCE, asking.wait_for(|answered| *answered)).await.is_err() {
                self.0.note(Some(timed_out()));
                return Err(timed_out());
            }
        }
        let state = self.0.state();
        let broken_off = || Error::new(Code::Internal, "Asking the keyring was broken off.");
        state.key.clone().ok_or_else(|| state.failure.clone().unwrap_or_else(broken_off))
    }
}

impl Inner {
    /// The key, or else the question that is under way: asked anew, or joined. A keyring blocks until a person
    /// has unlocked it, so that the question is a thread's of its own, and never asked twice at a time.
    fn key_or_question(self: &Arc<Self>) -> Result<Key, watch::Receiver<bool>> {
        let mut state = self.state();
        if let Some(key) = &state.key {
            return Ok(key.clone());
        }
        if let Some(asking) = &state.asking {
            return Err(asking.clone());
        }
        let (answer, asking) = watch::channel(false);
        state.asking = Some(asking.clone());
        drop(state);
        let inner = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let found = ask::ask(&*inner.keyring, &inner.store);
            inner.settle(found);
            let _ = answer.send(true);
        });
        Err(asking)
    }

    fn settle(&self, found: Result<Key>) {
        let failure = found.as_ref().err().cloned();
        let mut state = self.state();
        state.asking = None;
        state.failure.clone_from(&failure);
        state.key = found.ok();
        drop(state);
        self.note(failure.filter(|error| error.code.is_of_keyring()));
    }

    fn note(&self, trouble: Option<Error>) {
        let before = std::mem::replace(&mut self.state().trouble, trouble.clone());
        if before != trouble {
            (self.tell)(trouble);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slow() -> Error {
    Error::new(Code::KeyringLocked, "Your keyring has not answered yet.")
        .means("Your tokens are sealed with a key that is kept there. None of them is lost.")
        .hint("It may be asking for its password in another window.")
}

fn timed_out() -> Error {
    Error::new(Code::KeyringTimedOut, "Your keyring did not answer within two minutes.")
        .means("Your tokens are sealed with a key that is kept there. None of them is lost.")
        .hint("Unlock the keyring, then try again.")
}

fn damaged() -> Error {
    Error::new(Code::DataDamaged, "A secret in the database cannot be opened: it was changed or damaged.")
        .means("That one secret is lost here. The others are not touched.")
        .hint("Bring back the database from a backup, or sign in again.")
}
