//! Resets a vault whose key is lost: deletes every secret. Only on request of the person.

use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};

use super::access::{Inner, Vault};
use super::errors::interrupted;
use crate::vault_table::{delete_sealed, vault};

impl Vault {
    /// Deletes every secret and the vault.
    ///
    /// # Errors
    /// The vault opens, or the keyring is only temporarily unavailable.
    pub async fn reset(&self) -> Result<()> {
        let lost = self.0.store.read(vault)?.map(|row| row.name);
        match self.check().await {
            Ok(()) => return Err(opens()),
            Err(error) if is_for_good(error.code) => {}
            Err(error) => return Err(error),
        }
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.delete_sealed(lost.as_deref()))
            .await
            .map_err(|_| interrupted())?
    }
}

fn opens() -> Error {
    Error::new(Code::InvalidInput, "The vault opens: nothing has to be given up.")
        .means("Nothing was changed.")
}

/// Whether the key is lost, not just temporarily unavailable.
fn is_for_good(code: Code) -> bool {
    matches!(code, Code::KeyMissing | Code::KeyWrong | Code::PassphraseNeeded)
}

impl Inner {
    /// Deletes every secret if the vault is still the one named `lost`. Another process may have re-keyed it
    /// meanwhile.
    fn delete_sealed(self: &Arc<Self>, lost: Option<&str>) -> Result<()> {
        let _alone = self.store.vault_exclusive_lock()?;
        let is_given_up = self.store.write(|tx| match vault(tx)? {
            Some(now) if Some(&*now.name) == lost => delete_sealed(tx).map(|()| true),
            Some(_) => Ok(false),
            None => Ok(true),
        })?;
        if !is_given_up {
            return Err(opens());
        }
        let mut state = self.state();
        (state.open, state.failure) = (None, None);
        drop(state);
        self.note(None);
        self.store.checkpoint()
    }
}
