//! Moving the vault: from the keyring to a passphrase, back, or to another passphrase. Everything is sealed anew
//! under a new key, in one transaction; the new key is safe before it, and the old one goes after it.

use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::SecretString;

use super::access::{Inner, PATIENCE, Vault};
use super::errors::{broken_off, timed_out};
use super::fetch_key::{make, opens, retire, vault_of};
use super::open_vault::Opened;
use super::passphrase::{self, Stretch};
use super::seal::Key;
use crate::vault_table::{VaultRow, all_sealed, replace_vault, vault};

/// What opens a vault.
#[derive(Clone)]
pub enum Opener {
    /// The key in the operating system’s keyring.
    Keyring,
    /// A passphrase, from which the key is derived.
    Passphrase(SecretString),
}

impl Vault {
    /// Opens the vault with its passphrase, for as long as this process runs.
    pub async fn unlock(&self, passphrase: &SecretString) -> Result<()> {
        let Some(row) = self.0.store.read(vault)? else { return Err(no_passphrase()) };
        let Some(stretch) = row.stretch.clone() else { return Err(no_passphrase()) };
        let passphrase = passphrase.clone();
        let key = tokio::task::spawn_blocking(move || stretch.key(&passphrase));
        let key = key.await.map_err(|_| broken_off())??;
        if !opens(&key, &row) {
            return Err(passphrase::wrong("this vault"));
        }
        self.0.settle(Ok(Opened { vault: row.name, key }));
        Ok(())
    }

    /// Makes `opener` what opens the vault. The vault must be open: where a passphrase was not given yet, or the
    /// keyring is locked, it says so and changes nothing. Waits until nothing is on its way that is sealed and not
    /// stored yet, here or in another process.
    pub async fn move_to(&self, opener: Opener) -> Result<()> {
        if let Opener::Passphrase(new) = &opener {
            passphrase::check(new)?;
        }
        let before = match self.0.store.read(vault)? {
            Some(_) => Some(self.key().await?),
            None => None,
        };
        let inner = Arc::clone(&self.0);
        let prepared = tokio::task::spawn_blocking(move || inner.prepare(&opener));
        let prepared = tokio::time::timeout(PATIENCE, prepared).await.map_err(|_| timed_out())?;
        let (new, key) = prepared.map_err(|_| broken_off())??;
        let inner = Arc::clone(&self.0);
        let moved = tokio::task::spawn_blocking(move || inner.move_to(before.as_ref(), new, key));
        moved.await.map_err(|_| broken_off())?
    }
}

impl Inner {
    fn move_to(self: &Arc<Self>, before: Option<&Opened>, mut new: VaultRow, key: Key) -> Result<()> {
        if let Err(error) = self.reseal(before, &mut new, &key) {
            self.withdraw(&new);
            return Err(error);
        }
        self.settle(Ok(Opened { vault: new.name.clone(), key }));
        retire(&*self.keyring, &self.store, &new);
        if let Err(error) = self.store.empty_log() {
            tracing::info!(%error, "the log still holds what was sealed before");
        }
        Ok(())
    }

    fn prepare(&self, opener: &Opener) -> Result<(VaultRow, Key)> {
        match opener {
            Opener::Keyring => make(&*self.keyring),
            Opener::Passphrase(passphrase) => {
                let stretch = Stretch::new();
                let key = stretch.key(passphrase)?;
                Ok((VaultRow { stretch: Some(stretch), ..vault_of(&key) }, key))
            }
        }
    }

    /// Takes a key back from the keyring that nothing was sealed under, as far as the store can say.
    fn withdraw(&self, new: &VaultRow) {
        let is_unused = self.store.read(vault).is_ok_and(|row| row.is_none_or(|row| row.name != new.name));
        if is_unused && new.stretch.is_none() {
            // One that stays opens nothing.
            let _ = self.keyring.remove(&new.name);
        }
    }

    /// Seals everything under the new key, and makes its vault the one that holds; or changes nothing.
    fn reseal(&self, before: Option<&Opened>, new: &mut VaultRow, key: &Key) -> Result<()> {
        let _alone = self.store.claim_vault()?;
        self.store.write(|tx| {
            let row = vault(tx)?;
            if row.as_ref().map(|row| &row.name) != before.map(|before| &before.vault) {
                return Ok(Err(moved_meanwhile()));
            }
            let mut sealed = all_sealed(tx)?;
            for value in &mut sealed {
                let place = value.place();
                let Some(plain) = before.and_then(|before| before.key.open(&place, &value.bytes)) else {
                    return Ok(Err(cannot_move(&place)));
                };
                value.bytes = key.seal(&place, &plain);
            }
            sealed.iter().try_for_each(|value| value.put(tx))?;
            new.retired = row.and_then(|row| match row.stretch {
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

fn moved_meanwhile() -> Error {
    Error::new(Code::DataBusy, "Another Grapnel changed what opens the vault just now.")
        .means("Nothing was changed by this one.")
        .hint("Look how the vault stands, then try again.")
}

fn cannot_move(place: &str) -> Error {
    Error::new(
        Code::DataDamaged,
        format!("A secret in the database cannot be opened, so that it cannot be sealed anew ({place})."),
    )
    .means("Nothing was changed: everything is sealed as it was.")
    .hint("Bring back the database from a backup; or disconnect what the secret belongs to, then try again.")
}
