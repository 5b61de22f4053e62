//! The protection of the vault.

use std::sync::Arc;

use grapnel_model::activity::Kind;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::secret::SecretString;
use grapnel_model::vault::Protection;
use grapnel_store::vault::UnlockMethod;
use grapnel_store::{activity, connection_status};

use super::Grapnel;
use crate::auto_lock;

impl Grapnel {
    /// What protects the vault.
    pub fn protection(&self) -> Result<Protection> {
        self.0.vault.protection()
    }

    /// Unlocks the vault with its passphrase until it is locked or the process ends.
    pub async fn unlock(&self, passphrase: &SecretString) -> Result<()> {
        self.0.record_input();
        self.0.vault.unlock(passphrase).await.inspect(|()| self.0.set_locked_on_purpose(false))
    }

    /// Drops the key of a vault with a passphrase from memory, after refreshes in progress, which need it.
    pub async fn lock(&self) {
        auto_lock::lock(&self.0).await;
    }

    /// Like [`Self::lock`], for a person.
    ///
    /// # Errors
    /// The vault has no passphrase, without which nothing would unlock it again.
    pub async fn lock_by_person(&self) -> Result<()> {
        if self.protection()? != Protection::Passphrase {
            return Err(Error::input("vault", "The vault has no passphrase, so it can’t be locked here.")
                .means("Your system keyring unlocks it.")
                .hint("Use a passphrase, or lock the keyring."));
        }
        self.lock().await;
        Ok(())
    }

    /// Locks a vault with a passphrase as the settings demand, until the future is dropped. It never completes.
    pub async fn lock_automatically(&self) {
        auto_lock::follow(Arc::clone(&self.0)).await;
    }

    /// Whether the vault was locked by the person or by a setting, which needs no notification.
    pub fn is_locked_on_purpose(&self) -> bool {
        self.0.is_locked_on_purpose()
    }

    /// Records that the person uses the window, which delays the automatic lock.
    pub fn record_input(&self) {
        self.0.record_input();
    }

    /// Re-keys the vault to a passphrase, from the keyring or from another passphrase. Waits for refreshes in progress.
    pub async fn protect_with_passphrase(&self, passphrase: &SecretString) -> Result<()> {
        self.move_vault(
            UnlockMethod::Passphrase(passphrase.clone()),
            "The vault opens with a new passphrase from now on.",
        )
        .await
    }

    /// Re-keys the vault to a new key in the keyring. Waits for refreshes in progress.
    pub async fn protect_with_keyring(&self) -> Result<()> {
        self.move_vault(UnlockMethod::Keyring, "The vault opens with a new key in the keyring from now on.")
            .await
    }

    /// Deletes all secrets of a vault that can no longer be opened: connections are disconnected, and client secrets
    /// must be entered again.
    ///
    /// # Errors
    /// The vault opens, or may open later without a reset.
    pub async fn reset_vault(&self) -> Result<()> {
        let _busy = self.0.begin_uninterruptible().await;
        self.0.vault.reset().await?;
        for row in self.0.store.read(connection_status::all)? {
            self.0.drop_unsaved(&row.id);
            self.0.emit(Event::Connection(row.id));
        }
        let text = "The vault was reset: its secrets could no longer be decrypted. Reconnect every connection, and \
            enter the client secrets of the apps again.";
        self.0.store.write(|tx| activity::add(tx, self.0.now(), Kind::VaultMoved, text, (None, None)))?;
        self.0.emit(Event::Apps);
        Ok(())
    }

    /// A separate task: a caller that gives up must not leave an unused key behind.
    async fn move_vault(&self, opener: UnlockMethod, text: &'static str) -> Result<()> {
        let ctx = Arc::clone(&self.0);
        let work = tokio::spawn(async move {
            let _busy = ctx.begin_uninterruptible().await;
            ctx.vault.move_to(opener).await?;
            ctx.store.write(|tx| activity::add(tx, ctx.now(), Kind::VaultMoved, text, (None, None)))
        });
        work.await.map_err(|_| Error::new(Code::Internal, "Moving the vault was interrupted."))?
    }

    /// Why the vault cannot be opened, as of the last attempt.
    pub fn vault_error(&self) -> Option<Error> {
        self.0.vault.error()
    }

    /// Checks whether the vault opens without causing a prompt, for when nobody is there to unlock a keyring.
    #[cfg(target_os = "linux")]
    pub async fn check_vault_unasked(&self) -> Option<Error> {
        self.0.vault.check_without_prompt_if_needed().await
    }

    /// Checks whether the vault opens. A keyring that was never needed is not used, since that could cause a prompt.
    pub async fn check_vault(&self) -> Option<Error> {
        self.0.vault.check_if_needed().await
    }
}
