//! Encrypts and decrypts secrets with the key of the vault, which is asked for once and kept in memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::vault::Protection;
use tokio::sync::watch;

use super::errors::{broken_off, damaged, not_open, passphrase_needed, slow, timed_out};
use super::fetch_key;
use super::keyring::Keyring;
use super::open_vault::Opened;
use super::seal::Key;
use crate::Store;
use crate::sealed::Sealed;
#[cfg(target_os = "linux")]
use crate::vault_table::VaultRow;

/// How long a person may take to unlock the keyring.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// A keyring that has not answered by now is waiting for a person.
const SLOW: Duration = Duration::from_secs(2);

/// Seals and opens secrets.
pub struct Vault(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) keyring: Arc<dyn Keyring>,
    pub(super) store: Store,
    tell: Box<dyn Fn(Option<Error>) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) open: Option<Opened>,
    /// Keys of vaults before this one: what was read or sealed before a move, and is still in memory, opens with them.
    before: Vec<Key>,
    /// The one question that is under way, whoever asked it; true once it is answered.
    asking: Option<watch::Receiver<bool>>,
    /// Why the last question brought no key.
    pub(super) failure: Option<Error>,
    /// The same, as far as it is the keyring's.
    trouble: Option<Error>,
    /// Whether someone waits for the keyring to answer again.
    watched: bool,
}

impl Vault {
    /// A vault whose key is in `keyring`. `tell` hears when the keyring stops answering, and when it answers again.
    pub fn new(
        keyring: Arc<dyn Keyring>,
        store: Store,
        tell: impl Fn(Option<Error>) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { keyring, store, tell: Box::new(tell), state: Mutex::default() }))
    }

    /// Why the vault could not be opened the last time, if it could not.
    pub fn trouble(&self) -> Option<Error> {
        self.0.state().trouble.clone()
    }

    /// Whether anything was sealed, or was to be.
    fn is_needed(&self) -> Result<bool> {
        Ok(self.trouble().is_some() || self.0.store.read(crate::vault_table::vault)?.is_some())
    }

    /// What opens it.
    pub fn protection(&self) -> Result<Protection> {
        Ok(match self.0.store.read(crate::vault_table::vault)? {
            None => Protection::None,
            Some(row) if row.stretch.is_none() => Protection::Keyring,
            Some(_) => Protection::Passphrase,
        })
    }

    /// What can be told of the keyring without asking it for anything.
    pub async fn look_at_keyring(&self) -> Result<()> {
        let keyring = Arc::clone(&self.0.keyring);
        let looked = tokio::task::spawn_blocking(move || keyring.look()).await.map_err(|_| broken_off())?;
        looked.map_err(fetch_key::offer)
    }

    /// Looks whether the key is there, where nobody is to be asked for it: a keyring that is locked is waited for.
    #[cfg(target_os = "linux")]
    async fn check_unasked(&self) -> Result<()> {
        let opened = async {
            self.0.keyring.wake().await;
            self.0.keyring.opened().await;
        };
        if self.protection()? == Protection::Keyring && tokio::time::timeout(SLOW, opened).await.is_err() {
            self.0.note(Some(not_open()));
            return Err(not_open());
        }
        self.check().await
    }

    /// Looks whether the key is there, and is this vault's.
    pub async fn check(&self) -> Result<()> {
        self.key().await.map(drop)
    }

    /// The same where anything was sealed, or was to be; why the key is not there, if it is not.
    pub async fn check_if_needed(&self) -> Option<Error> {
        match self.is_needed() {
            Ok(false) => None,
            Ok(true) => self.check().await.err(),
            Err(error) => Some(error),
        }
    }

    /// [`Self::check_unasked`] where anything was sealed, or was to be; why the key is not there, if it is not.
    #[cfg(target_os = "linux")]
    pub async fn check_unasked_if_needed(&self) -> Option<Error> {
        match self.is_needed() {
            Ok(false) => None,
            Ok(true) => self.check_unasked().await.err(),
            Err(error) => Some(error),
        }
    }

    /// Seals a secret for `place`, which is table, id and column, such as `connection/ID/access` for `sealed_access`.
    /// Whoever stores it holds [`Store::share_vault`] until then, so that the vault does not move between.
    pub async fn seal(&self, place: &str, secret: &SecretString) -> Result<Sealed> {
        let key = self.key().await?.key;
        Ok(Sealed(key.seal(place, secret.expose_secret().as_bytes())))
    }

    /// Opens what was sealed for `place`.
    pub async fn open(&self, place: &str, sealed: &Sealed) -> Result<SecretString> {
        let key = self.key().await?.key;
        let before = || self.0.state().before.iter().find_map(|key| key.open(place, &sealed.0));
        let plain = key.open(place, &sealed.0).or_else(before).ok_or_else(damaged)?;
        std::str::from_utf8(&plain).map(SecretString::from).map_err(|_| damaged())
    }

    /// Opens what was sealed for `place`, if the key of that vault, which is the store's now, is in memory. Nobody is
    /// asked for it.
    #[cfg(target_os = "linux")]
    pub fn open_at_once(&self, vault: &VaultRow, place: &str, sealed: &Sealed) -> Option<SecretString> {
        let open = self.0.state().open.clone().filter(|open| open.vault == vault.name)?;
        let plain = open.key.open(place, &sealed.0)?;
        std::str::from_utf8(&plain).map(SecretString::from).ok()
    }

    /// Waits until the keyring answers nobody any more.
    #[cfg(target_os = "linux")]
    pub async fn keyring_closed(&self) {
        self.0.keyring.closed().await;
    }

    /// Waits until it is known to answer.
    #[cfg(target_os = "linux")]
    pub async fn keyring_opened(&self) {
        self.0.keyring.opened().await;
    }

    /// The key, asked for once and kept in memory for as long as it is this vault's.
    pub(super) async fn key(&self) -> Result<Opened> {
        let mut asking = match self.0.key_or_question()? {
            Ok(open) => return Ok(open),
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
        state.open.clone().ok_or_else(|| state.failure.clone().unwrap_or_else(broken_off))
    }
}

impl Inner {
    /// The key, or else the question that is under way: asked anew, or joined. A keyring blocks until a person
    /// has unlocked it, so that the question is a thread's of its own, and never asked twice at a time.
    fn key_or_question(self: &Arc<Self>) -> Result<Result<Opened, watch::Receiver<bool>>> {
        let row = self.store.read(crate::vault_table::vault);
        let mut state = self.state();
        let row = match (row, &state.open) {
            (Ok(row), _) => row,
            // A store that cannot be read now is no reason to lose new tokens for want of a key.
            (Err(_), Some(open)) => return Ok(Ok(open.clone())),
            (Err(error), None) => return Err(error),
        };
        state.stay_with(row.as_ref().map(|row| row.name.as_str()));
        if let Some(open) = &state.open {
            return Ok(Ok(open.clone()));
        }
        if row.is_some_and(|row| row.stretch.is_some()) {
            drop(state);
            self.note(Some(passphrase_needed()));
            return Err(passphrase_needed());
        }
        if let Some(asking) = &state.asking {
            return Ok(Err(asking.clone()));
        }
        let (answer, asking) = watch::channel(false);
        state.asking = Some(asking.clone());
        drop(state);
        let inner = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let found = fetch_key::ask(&*inner.keyring, &inner.store);
            inner.settle(found);
            let _ = answer.send(true);
        });
        Ok(Err(asking))
    }

    pub(super) fn settle(self: &Arc<Self>, found: Result<Opened>) {
        let failure = found.as_ref().err().cloned();
        let mut state = self.state();
        state.asking = None;
        state.failure.clone_from(&failure);
        state.stay_with(found.as_ref().ok().map(|open| open.vault.as_str()));
        state.open = found.ok();
        drop(state);
        self.note(failure.filter(|error| error.code.is_of_vault()));
    }

    pub(super) fn note(self: &Arc<Self>, trouble: Option<Error>) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.trouble, trouble.clone());
        let watch = state.may_pass() && !std::mem::replace(&mut state.watched, true);
        drop(state);
        if watch {
            self.watch();
        }
        if before != trouble {
            (self.tell)(trouble);
        }
    }

    /// Waits until the keyring may answer again, and asks it then. While nothing is wrong, nobody waits.
    fn watch(self: &Arc<Self>) {
        let (vault, keyring) = (Arc::downgrade(self), Arc::clone(&self.keyring));
        tokio::spawn(async move {
            for tries in 0.. {
                keyring.may_answer(tries).await;
                let Some(vault) = vault.upgrade().map(Vault) else { return };
                let _ = vault.check().await;
                let mut state = vault.0.state();
                state.watched = state.may_pass();
                if !state.watched {
                    return;
                }
            }
        });
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the trouble is one that passes without Grapnel's doing. Access that a person denied is asked for again only
    /// when a person wants it.
    fn may_pass(&self) -> bool {
        let stays = [Code::KeyringDenied, Code::PassphraseNeeded];
        self.trouble.as_ref().is_some_and(|trouble| !stays.contains(&trouble.code))
    }

    /// Keeps the key only for its memories, unless it is that vault's: another process may have moved it.
    fn stay_with(&mut self, vault: Option<&str>) {
        if let Some(open) = self.open.take_if(|open| Some(open.vault.as_str()) != vault) {
            self.before.push(open.key);
        }
    }
}
