//! Encrypts and decrypts secrets with the vault key, which is fetched from the keyring once and then kept in memory.

use std::sync::Arc;
use std::time::Duration;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::vault::Protection;
use parking_lot::Mutex;
use tokio::sync::watch;

#[cfg(target_os = "linux")]
use super::errors::not_open;
use super::errors::{damaged, interrupted, passphrase_needed, slow, timed_out};
use super::fetch_key;
use super::keyring::Keyring;
use super::open_vault::OpenVault;
use super::seal::VaultKey;
use crate::Store;
use crate::sealed::Sealed;
use crate::vault_table::VaultRow;

/// How long a person may take to unlock the keyring.
pub(super) const KEYRING_UNLOCK_TIMEOUT: Duration = Duration::from_secs(120);

/// A keyring that takes longer to respond is showing a prompt.
const KEYRING_PROMPT_THRESHOLD: Duration = Duration::from_secs(2);

/// Encrypts and decrypts secrets. The key is fetched at the first use.
pub struct Vault(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) keyring: Arc<dyn Keyring>,
    pub(super) store: Store,
    tell: Box<dyn Fn(Option<Error>) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) open: Option<OpenVault>,
    /// Earlier keys, for values that were read or encrypted before a re-key and are still in memory.
    before: Vec<VaultKey>,
    /// The keyring request in flight, shared by all callers; true once it has ended.
    asking: Option<watch::Receiver<bool>>,
    /// Why the last keyring request failed.
    pub(super) failure: Option<Error>,
    /// The problem to show to the person: `failure` if the keyring or the passphrase caused it, or a pending prompt.
    error: Option<Error>,
    /// Whether a task waits for the keyring to become available.
    watched: bool,
}

impl Vault {
    /// A vault whose key is in `keyring`. `tell` is called when the keyring becomes unavailable, and with `None` when
    /// it is available again.
    pub fn new(
        keyring: Arc<dyn Keyring>,
        store: Store,
        tell: impl Fn(Option<Error>) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { keyring, store, tell: Box::new(tell), state: Mutex::default() }))
    }

    /// Why the last attempt to open the vault failed; `None` if it succeeded.
    pub fn error(&self) -> Option<Error> {
        self.0.state().error.clone()
    }

    /// Whether the database has a vault, or creating one has failed.
    fn is_needed(&self) -> Result<bool> {
        Ok(self.error().is_some() || self.0.store.read(crate::vault_table::vault)?.is_some())
    }

    /// What protects the vault.
    pub fn protection(&self) -> Result<Protection> {
        Ok(match self.0.store.read(crate::vault_table::vault)? {
            None => Protection::None,
            Some(row) if row.kdf_params.is_none() => Protection::Keyring,
            Some(_) => Protection::Passphrase,
        })
    }

    /// Checks the keyring without causing a prompt.
    pub async fn inspect_keyring(&self) -> Result<()> {
        let keyring = Arc::clone(&self.0.keyring);
        let looked = tokio::task::spawn_blocking(move || keyring.look()).await.map_err(|_| interrupted())?;
        looked.map_err(fetch_key::offer)
    }

    /// Like [`Self::check`], but fails if the keyring is locked instead of causing a prompt.
    #[cfg(target_os = "linux")]
    async fn check_without_prompt(&self) -> Result<()> {
        let opened = async {
            self.0.keyring.wake().await;
            self.0.keyring.opened().await;
        };
        if self.protection()? == Protection::Keyring
            && tokio::time::timeout(KEYRING_PROMPT_THRESHOLD, opened).await.is_err()
        {
            self.0.note(Some(not_open()));
            return Err(not_open());
        }
        self.check().await
    }

    /// Checks that the vault opens.
    pub async fn check(&self) -> Result<()> {
        self.key().await.map(drop)
    }

    /// Like [`Self::check`], if a vault exists or creating one has failed; returns the error.
    pub async fn check_if_needed(&self) -> Option<Error> {
        match self.is_needed() {
            Ok(false) => None,
            Ok(true) => self.check().await.err(),
            Err(error) => Some(error),
        }
    }

    /// Like [`Self::check_if_needed`], but fails if the keyring is locked instead of causing a prompt.
    #[cfg(target_os = "linux")]
    pub async fn check_without_prompt_if_needed(&self) -> Option<Error> {
        match self.is_needed() {
            Ok(false) => None,
            Ok(true) => self.check_without_prompt().await.err(),
            Err(error) => Some(error),
        }
    }

    /// Encrypts a secret. `associated_data` names table, ID and column, such as `connection/ID/access` for
    /// `sealed_access`. Hold [`Store::vault_shared_lock`] until the value is stored, so that the vault is not re-keyed
    /// in between.
    pub async fn seal(&self, associated_data: &str, secret: &SecretString) -> Result<Sealed> {
        let key = self.key().await?.key;
        Ok(Sealed(key.seal(associated_data, secret.expose_secret().as_bytes())))
    }

    /// Decrypts a value that was encrypted for `associated_data`.
    pub async fn open(&self, associated_data: &str, sealed: &Sealed) -> Result<SecretString> {
        let key = self.key().await?.key;
        let before = || self.0.state().before.iter().find_map(|key| key.open(associated_data, &sealed.0));
        let plain = key.open(associated_data, &sealed.0).or_else(before).ok_or_else(damaged)?;
        std::str::from_utf8(&plain).map(SecretString::from).map_err(|_| damaged())
    }

    /// Decrypts a value if the current key, that of `vault`, is in memory. Never uses the keyring.
    pub fn open_if_unlocked(
        &self,
        vault: &VaultRow,
        associated_data: &str,
        sealed: &Sealed,
    ) -> Option<SecretString> {
        let open = self.0.state().open.clone().filter(|open| open.vault == vault.name)?;
        let plain = open.key.open(associated_data, &sealed.0)?;
        std::str::from_utf8(&plain).map(SecretString::from).ok()
    }

    /// Whether the key is in memory.
    pub fn is_unlocked(&self) -> bool {
        self.0.state().open.is_some()
    }

    /// Drops all keys from memory. A vault with a passphrase needs it again.
    pub fn lock(&self) {
        let mut state = self.0.state();
        state.open = None;
        state.before.clear();
        drop(state);
        self.0.note(Some(passphrase_needed()));
    }

    /// Waits until the keyring is locked or gone.
    pub async fn keyring_closed(&self) {
        self.0.keyring.closed().await;
    }

    /// Waits until the keyring is known to be unlocked.
    pub async fn keyring_opened(&self) {
        self.0.keyring.opened().await;
    }

    /// The key, from memory if it is still the key of the current vault.
    pub(super) async fn key(&self) -> Result<OpenVault> {
        let mut asking = match self.0.key_or_question()? {
            Ok(open) => return Ok(open),
            Err(asking) => asking,
        };
        if tokio::time::timeout(KEYRING_PROMPT_THRESHOLD, asking.wait_for(|answered| *answered))
            .await
            .is_err()
        {
            self.0.note(Some(slow()));
            if tokio::time::timeout(KEYRING_UNLOCK_TIMEOUT, asking.wait_for(|answered| *answered))
                .await
                .is_err()
            {
                self.0.note(Some(timed_out()));
                return Err(timed_out());
            }
        }
        let state = self.0.state();
        state.open.clone().ok_or_else(|| state.failure.clone().unwrap_or_else(interrupted))
    }
}

impl Inner {
    /// The key from memory, or the pending keyring request, which is started or joined. The keyring blocks until the
    /// person has unlocked it, so the request runs on its own thread, and there is at most one.
    fn key_or_question(self: &Arc<Self>) -> Result<Result<OpenVault, watch::Receiver<bool>>> {
        let row = self.store.read(crate::vault_table::vault);
        let mut state = self.state();
        let row = match (row, &state.open) {
            (Ok(row), _) => row,
            // If the database cannot be read, the key in memory is used: new tokens must not be lost for lack of a key.
            (Err(_), Some(open)) => return Ok(Ok(open.clone())),
            (Err(error), None) => return Err(error),
        };
        state.demote_other_key(row.as_ref().map(|row| row.name.as_str()));
        if let Some(open) = &state.open {
            return Ok(Ok(open.clone()));
        }
        if row.is_some_and(|row| row.kdf_params.is_some()) {
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
            let found = fetch_key::fetch_or_create(&*inner.keyring, &inner.store);
            inner.finish_opening(found);
            let _ = answer.send(true);
        });
        Ok(Err(asking))
    }

    pub(super) fn finish_opening(self: &Arc<Self>, found: Result<OpenVault>) {
        let failure = found.as_ref().err().cloned();
        let mut state = self.state();
        state.asking = None;
        state.failure.clone_from(&failure);
        state.demote_other_key(found.as_ref().ok().map(|open| open.vault.as_str()));
        state.open = found.ok();
        drop(state);
        self.note(failure.filter(|error| error.code.is_of_vault()));
    }

    pub(super) fn note(self: &Arc<Self>, error: Option<Error>) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.error, error.clone());
        let watch = state.may_pass() && !std::mem::replace(&mut state.watched, true);
        drop(state);
        if watch {
            self.watch();
        }
        if before != error {
            (self.tell)(error);
        }
    }

    /// Waits until the keyring may be available, and requests the key. Runs only while there is a problem.
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

    pub(super) fn state(&self) -> parking_lot::MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// Whether the problem may resolve without an action in Grapnel. Access that the person denied is requested again
    /// only by an action of the person.
    fn may_pass(&self) -> bool {
        let stays = [Code::KeyringDenied, Code::PassphraseNeeded];
        self.error.as_ref().is_some_and(|error| !stays.contains(&error.code))
    }

    /// If another process has re-keyed the vault, keeps this process's key as an earlier one, which still opens old
    /// values.
    fn demote_other_key(&mut self, vault: Option<&str>) {
        if let Some(open) = self.open.take_if(|open| Some(open.vault.as_str()) != vault) {
            self.before.push(open.key);
        }
    }
}
