//! Beginning anew where nothing opens the vault any more: everything that is sealed is given up. Only a person asks.

use std::sync::Arc;

use grapnel_model::error::{Code, Error, Result};

use super::access::{Inner, Vault};
use super::errors::broken_off;
use crate::vault_table::{give_up_sealed, vault};

impl Vault {
    /// Gives up everything that is sealed. Refused where the vault opens, and where its keyring only does not answer
    /// now: then nothing is lost yet.
    pub async fn begin_anew(&self) -> Result<()> {
        let lost = self.0.store.read(vault)?.map(|row| row.name);
        match self.check().await {
            Ok(()) => return Err(opens()),
            Err(error) if is_for_good(error.code) => {}
            Err(error) => return Err(error),
        }
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.give_up(lost.as_deref())).await.map_err(|_| broken_off())?
    }
}

fn opens() -> Error {
    Error::new(Code::InvalidInput, "The vault opens: nothing has to be given up.")
        .means("Nothing was changed.")
}

/// Whether only what is lost would open the vault.
fn is_for_good(code: Code) -> bool {
    matches!(code, Code::KeyMissing | Code::KeyWrong | Code::PassphraseNeeded)
}

impl Inner {
    /// Gives up what is sealed in the vault of this name. Another process may have moved it meanwhile, to where it opens.
    fn give_up(self: &Arc<Self>, lost: Option<&str>) -> Result<()> {
        let _alone = self.store.claim_vault()?;
        let is_given_up = self.store.write(|tx| match vault(tx)? {
            Some(now) if Some(&*now.name) == lost => give_up_sealed(tx).map(|()| true),
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
        self.store.empty_log()
    }
}
