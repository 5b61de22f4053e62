//! What opens the vault, and how a person changes that.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::secret::SecretString;
use grapnel_model::vault::Protection;
use grapnel_store::vault::Opener;
use grapnel_store::{activity, connection_status};

use super::Grapnel;

impl Grapnel {
    /// What opens the vault.
    pub fn protection(&self) -> Result<Protection> {
        self.0.vault.protection()
    }

    /// Opens a vault that has a passphrase, for as long as this process runs.
    pub async fn unlock(&self, passphrase: &SecretString) -> Result<()> {
        self.0.vault.unlock(passphrase).await
    }

    /// Seals everything anew under a key that comes of a passphrase: in place of the keyring's, or of another
    /// passphrase. Waits for renewals that are under way.
    pub async fn protect_with_passphrase(&self, passphrase: &SecretString) -> Result<()> {
        self.move_vault(
            Opener::Passphrase(passphrase.clone()),
            "The vault opens with a new passphrase from now on.",
        )
        .await
    }

    /// Seals everything anew under a new key in the keyring. Waits for renewals that are under way.
    pub async fn protect_with_keyring(&self) -> Result<()> {
        self.move_vault(Opener::Keyring, "The vault opens with a new key in the keyring from now on.").await
    }

    /// Gives up everything that is sealed, where nothing opens the vault any more: connections are disconnected, and
    /// apps have no client secret until it is entered again. Refused while the vault opens, or may open again by
    /// itself.
    pub async fn reset_vault(&self) -> Result<()> {
        let _busy = self.0.busy().await;
        self.0.vault.reset().await?;
        for row in self.0.store.read(connection_status::all)? {
            self.0.drop_unsaved(&row.id);
            self.0.tell(Event::Connection(row.id));
        }
        let text = "What was sealed could not be opened any more, and was given up. Connections need a new sign-in, \
            and apps their client secret.";
        self.0.store.write(|tx| activity::add(tx, self.0.now(), Kind::VaultMoved, text, (None, None)))?;
        self.0.tell(Event::Apps);
        Ok(())
    }

    /// A task of its own: a caller that gives up must not leave a key behind that nothing is sealed under.
    async fn move_vault(&self, opener: Opener, text: &'static str) -> Result<()> {
        let ctx = Arc::clone(&self.0);
        let work = tokio::spawn(async move {
            let _busy = ctx.busy().await;
            ctx.vault.move_to(opener).await?;
            ctx.store.write(|tx| activity::add(tx, ctx.now(), Kind::VaultMoved, text, (None, None)))
        });
        work.await.map_err(|_| Error::new(Code::Internal, "Moving the vault was broken off."))?
    }

    /// Why nothing opens the vault now, as far as was found out.
    pub fn vault_error(&self) -> Option<Error> {
        self.0.vault.error()
    }

    /// Looks whether the vault opens where nobody is there to unlock a keyring: it is not made to ask for its password.
    #[cfg(target_os = "linux")]
    pub async fn check_vault_unasked(&self) -> Option<Error> {
        self.0.vault.check_without_prompt_if_needed().await
    }

    /// Looks again whether the vault opens. A keyring that was never needed is left alone: asking could make it ask for
    /// its password.
    pub async fn check_vault(&self) -> Option<Error> {
        self.0.vault.check_if_needed().await
    }
}
