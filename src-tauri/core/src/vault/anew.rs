//! Beginning anew where nothing opens the vault any more: everything that is sealed is given up. Only a person asks.

use std::sync::Arc;

use super::{Inner, Vault, broken_off};
use crate::error::{Code, Error, Result};
use crate::store::vault::{give_up_sealed, vault};

impl Vault {
    /// Gives up everything that is sealed. Refused where the vault opens, and where its keyring only does not answer
    /// now: then nothing is lost yet.
    pub(crate) async fn begin_anew(&self) -> Result<()> {
        match self.check().await {
            Ok(()) => {
                return Err(Error::new(Code::InvalidInput, "The vault opens: nothing has to be given up.")
                    .means("Nothing was changed."));
            }
            Err(error) if is_for_good(error.code) => {}
            Err(error) => return Err(error),
        }
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.give_up()).await.map_err(|_| broken_off())?
    }
}

/// Whether only what is lost would open the vault.
fn is_for_good(code: Code) -> bool {
    matches!(code, Code::KeyMissing | Code::KeyWrong | Code::PassphraseNeeded)
}

impl Inner {
    fn give_up(self: &Arc<Self>) -> Result<()> {
        let _alone = self.store.claim_vault()?;
        self.store.write(|tx| match vault(tx)? {
            Some(_) => give_up_sealed(tx),
            None => Ok(()),
        })?;
        let mut state = self.state();
        (state.open, state.failure) = (None, None);
        drop(state);
        self.note(None);
        self.store.empty_log()
    }
}
