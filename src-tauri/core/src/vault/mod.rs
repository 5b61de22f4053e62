//! The vault: one key in the keyring, and everything secret sealed under it. The store keeps a sealed
//! check value, by which a key that is not this vault's is told from the right one.

mod keyring;
mod seal;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;

pub use keyring::{Keyring, SystemKeyring};

use crate::error::{Code, Error, Result};
use crate::secret::{ExposeSecret, SecretString};
use crate::store::{Store, meta};
use seal::Key;

/// How long a person may take to unlock the keyring.
const PATIENCE: Duration = Duration::from_secs(120);
/// A keyring that has not answered by now is waiting for a person.
const SLOW: Duration = Duration::from_secs(2);
/// What the check value is sealed for, and what it says.
const CHECK: (&str, &[u8]) = ("meta/vault/check", b"grapnel");

/// A secret as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(pub(crate) Vec<u8>);

/// Seals and opens secrets.
pub struct Vault {
    keyring: Arc<dyn Keyring>,
    store: Store,
    key: AsyncMutex<Option<Key>>,
    trouble: Mutex<Option<Error>>,
    tell: Box<dyn Fn(Option<Error>) + Send + Sync>,
}

impl Vault {
    /// A vault whose key is in `keyring`. `tell` hears when the keyring stops answering, and when it answers again.
    pub(crate) fn new(
        keyring: Arc<dyn Keyring>,
        store: Store,
        tell: impl Fn(Option<Error>) + Send + Sync + 'static,
    ) -> Self {
        Self { keyring, store, key: AsyncMutex::default(), trouble: Mutex::default(), tell: Box::new(tell) }
    }

    /// Why the vault could not be opened the last time, if it could not.
    pub(crate) fn trouble(&self) -> Option<Error> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether anything was sealed, or was to be.
    pub(crate) fn is_needed(&self) -> Result<bool> {
        Ok(self.trouble().is_some() || self.store.read(meta::vault_check)?.is_some())
    }

    /// Looks whether the key is there, and is this vault's.
    pub(crate) async fn check(&self) -> Result<()> {
        self.key().await.map(drop)
    }

    /// Seals a secret for `place`: record, id and column, such as `connection/ID/access_token`.
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
        let mut held = self.key.lock().await;
        if let Some(key) = &*held {
            return Ok(key.clone());
        }
        let found = self.ask().await;
        self.note(found.as_ref().err().cloned());
        *held = Some(found?);
        held.clone().ok_or_else(damaged)
    }

    async fn ask(&self) -> Result<Key> {
        let name = self.store.read(meta::vault_id)?;
        let check = self.store.read(meta::vault_check)?;
        let keyring = Arc::clone(&self.keyring);
        let is_new = check.is_none();
        // A keyring blocks until a person has unlocked it, and that is not for this thread to wait for.
        let asked = tokio::task::spawn_blocking(move || fetch(&*keyring, &name, is_new));
        let key = self.wait_for(asked).await?;
        if let Some(check) = check {
            return if key.open(CHECK.0, &check).is_some() { Ok(key) } else { Err(wrong()) };
        }
        let check = key.seal(CHECK.0, CHECK.1);
        self.store.write(|tx| meta::set_vault_check(tx, &check))?;
        Ok(key)
    }

    async fn wait_for(&self, asked: tokio::task::JoinHandle<Result<Key>>) -> Result<Key> {
        tokio::pin!(asked);
        let answer = if let Ok(answer) = tokio::time::timeout(SLOW, &mut asked).await {
            answer
        } else {
            self.note(Some(slow()));
            tokio::time::timeout(PATIENCE, asked).await.map_err(|_| timed_out())?
        };
        answer.map_err(|_| Error::new(Code::Internal, "Asking the keyring was broken off."))?
    }

    fn note(&self, trouble: Option<Error>) {
        let before = std::mem::replace(
            &mut *self.trouble.lock().unwrap_or_else(PoisonError::into_inner),
            trouble.clone(),
        );
        if before != trouble {
            (self.tell)(trouble);
        }
    }
}

/// The key from the keyring. A vault that seals its first secret has its key made here, and read back:
/// a keyring that forgets at once must be found out before anything depends on it.
fn fetch(keyring: &dyn Keyring, name: &str, is_new: bool) -> Result<Key> {
    if let Some(bytes) = keyring.get(name)? {
        return Key::from_bytes(&bytes).ok_or_else(wrong);
    }
    if !is_new {
        return Err(missing());
    }
    keyring.set(name, Key::random().as_bytes())?;
    let bytes = keyring.get(name)?.ok_or_else(|| {
        Error::new(Code::KeyringFailed, "Your keyring took a key and forgot it at once.")
            .means("Nothing was stored.")
            .hint("Look whether your keyring has a default collection, then try again.")
    })?;
    Key::from_bytes(&bytes).ok_or_else(wrong)
}

fn missing() -> Error {
    Error::new(Code::KeyMissing, "Your keyring has no key for this vault any more.")
        .means("The tokens held here cannot be opened without it. They are kept, in case the key comes back.")
        .hint("Bring back the keyring as it was, for example from a backup. Otherwise disconnect, and sign in again.")
}

fn wrong() -> Error {
    Error::new(Code::KeyWrong, "The key in your keyring does not open this vault.")
        .means("The tokens held here were sealed under another key. They are kept.")
        .hint("Bring back the keyring that belongs to this data directory. Otherwise disconnect, and sign in again.")
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
