//! Re-keys the vault: from the keyring to a passphrase, back, or to another passphrase. One transaction encrypts every
//! secret with the new key. The new key is stored before the transaction, and the old one is deleted after it.

use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;

use super::access::{Inner, KEYRING_UNLOCK_TIMEOUT, Vault};
use super::errors::{interrupted, timed_out};
use super::fetch_key::{create_vault_key, is_key_of, retire, vault_of};
use super::open_vault::OpenVault;
use super::passphrase::{self, KdfParams};
use super::seal::VaultKey;
use crate::vault_table::{VaultRow, all_sealed, replace_vault, vault};

/// How a vault is opened.
#[derive(Clone)]
pub enum UnlockMethod {
    /// The key in the operating system’s keyring.
    Keyring,
    /// A passphrase that the key is derived from.
    Passphrase(SecretString),
}

impl Vault {
    /// Unlocks the vault with its passphrase until the process ends.
    pub async fn unlock(&self, passphrase: &SecretString) -> Result<()> {
        let Some(row) = self.0.store.read(vault)? else { return Err(no_passphrase()) };
        let Some(kdf_params) = row.kdf_params.clone() else { return Err(no_passphrase()) };
        let passphrase = passphrase.clone();
        let key = tokio::task::spawn_blocking(move || kdf_params.derive_key(&passphrase));
        let key = key.await.map_err(|_| interrupted())??;
        if !is_key_of(&key, &row) {
            return Err(passphrase::wrong("this vault"));
        }
        self.0.finish_opening(Ok(OpenVault { vault: row.name, key }));
        Ok(())
    }

    /// Re-keys the vault, so that `opener` opens it. Waits until no process has an encrypted value that it has not
    /// stored.
    ///
    /// # Errors
    /// The vault is not open; nothing was changed.
    pub async fn move_to(&self, opener: UnlockMethod) -> Result<()> {
        if let UnlockMethod::Passphrase(new) = &opener {
            passphrase::check(new)?;
        }
        let before = match self.0.store.read(vault)? {
            Some(_) => Some(self.key().await?),
            None => None,
        };
        let inner = Arc::clone(&self.0);
        let prepared = tokio::task::spawn_blocking(move || inner.prepare(&opener));
        let prepared =
            tokio::time::timeout(KEYRING_UNLOCK_TIMEOUT, prepared).await.map_err(|_| timed_out())?;
        let (new, key) = prepared.map_err(|_| interrupted())??;
        let inner = Arc::clone(&self.0);
        let moved = tokio::task::spawn_blocking(move || inner.move_to(before.as_ref(), new, key));
        moved.await.map_err(|_| interrupted())?
    }
}

impl Inner {
    fn move_to(self: &Arc<Self>, before: Option<&OpenVault>, mut new: VaultRow, key: VaultKey) -> Result<()> {
        if let Err(error) = self.reseal(before, &mut new, &key) {
            self.withdraw(&new);
            return Err(error);
        }
        self.finish_opening(Ok(OpenVault { vault: new.name.clone(), key }));
        retire(&*self.keyring, &self.store, &new);
        if let Err(error) = self.store.checkpoint() {
            tracing::info!(%error, "the write-ahead log may contain values of the previous key");
        }
        Ok(())
    }

    fn prepare(&self, opener: &UnlockMethod) -> Result<(VaultRow, VaultKey)> {
        match opener {
            UnlockMethod::Keyring => create_vault_key(&*self.keyring),
            UnlockMethod::Passphrase(passphrase) => {
                let kdf_params = KdfParams::new();
                let key = kdf_params.derive_key(passphrase)?;
                Ok((VaultRow { kdf_params: Some(kdf_params), ..vault_of(&key) }, key))
            }
        }
    }

    /// Deletes a new key from the keyring after a failed re-key, unless the database uses it.
    fn withdraw(&self, new: &VaultRow) {
        let is_unused = self.store.read(vault).is_ok_and(|row| row.is_none_or(|row| row.name != new.name));
        if is_unused && new.kdf_params.is_none() {
            // A key that cannot be deleted opens nothing.
            let _ = self.keyring.remove(&new.name);
        }
    }

    /// Encrypts every secret with the new key and replaces the vault row, in one transaction.
    fn reseal(&self, before: Option<&OpenVault>, new: &mut VaultRow, key: &VaultKey) -> Result<()> {
        let _alone = self.store.vault_exclusive_lock()?;
        self.store.write(|tx| {
            let row = vault(tx)?;
            if row.as_ref().map(|row| &row.name) != before.map(|before| &before.vault) {
                return Ok(Err(changed_concurrently()));
            }
            let mut sealed = all_sealed(tx)?;
            for value in &mut sealed {
                let associated_data = value.associated_data();
                let Some(plain) = before.and_then(|before| before.key.open(&associated_data, &value.bytes))
                else {
                    return Ok(Err(cannot_move(&associated_data)));
                };
                value.bytes = key.seal(&associated_data, &plain);
            }
            sealed.iter().try_for_each(|value| value.put(tx))?;
            new.retired = row.and_then(|row| match row.kdf_params {
                None => Some(row.name),
                Some(_) => row.retired,
            });
            replace_vault(tx, new).map(Ok)
        })?
    }
}

fn no_passphrase() -> Error {
    Error::new(Code::InvalidInput, "This vault has no passphrase.").means("Nothing was changed.")
}

fn changed_concurrently() -> Error {
    Error::new(Code::DataBusy, "Another Grapnel changed what opens the vault just now.")
        .means("Nothing was changed by this one.")
        .hint("Look how the vault stands, then try again.")
}

fn cannot_move(associated_data: &str) -> Error {
    Error::new(
        Code::DataDamaged,
        format!(
            "A secret in the database cannot be opened, so that it cannot be sealed anew ({associated_data})."
        ),
    )
    .means("Nothing was changed: everything is sealed as it was.")
    .hint("Bring back the database from a backup; or disconnect what the secret belongs to, then try again.")
}
