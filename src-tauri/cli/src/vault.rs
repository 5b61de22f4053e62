//! `grapnel vault`: how the vault is protected; and reading the passphrase that a command needs.

use clap::Subcommand;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::vault::Protection;
use jiff::Timestamp;
use serde::Serialize;

use crate::keyring;
use crate::print::{CommandResult, hint_here};
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show how the vault is protected, and whether it is open
    Status,
    /// Protect the vault with a passphrase, or change the passphrase
    Passphrase,
    /// Protect the vault with a key in the keyring
    Keyring,
    /// Delete all secrets of a vault that can no longer be opened
    #[command(alias = "anew")]
    Reset {
        /// Skip confirmation
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(session: &mut Session<'_>, command: &Command) -> Result<()> {
    match command {
        Command::Status => {
            keyring::check(session).await;
        }
        Command::Passphrase => {
            let passphrase = new_passphrase(session, "vault")?;
            session.grapnel.protect_with_passphrase(&passphrase).await?;
        }
        Command::Keyring => session.grapnel.protect_with_keyring().await?,
        Command::Reset { yes } => {
            confirm_reset(session, *yes)?;
            session.grapnel.reset_vault().await?;
        }
    }
    let status =
        VaultStatus { protection: session.grapnel.protection()?, trouble: session.grapnel.vault_error() };
    session.output.show(&status)
}

fn confirm_reset(session: &mut Session<'_>, yes: bool) -> Result<()> {
    let question =
        "Delete all tokens and client secrets on this computer? You will have to reconnect everywhere. [y/N]";
    if yes || session.confirms(question, "Resetting the vault")? {
        return Ok(());
    }
    Err(Error::new(Code::Cancelled, "The vault was not reset.").means("Nothing was changed."))
}

/// Unlocks a vault with a passphrase: if `--passphrase-stdin` is given, or if the command needs the vault and a person
/// can type the passphrase.
pub(crate) async fn unlock(session: &mut Session<'_>, is_needed: bool) -> Result<()> {
    if session.grapnel.protection()? != Protection::Passphrase {
        return Ok(());
    }
    if session.reads_passphrases || (is_needed && session.can_ask()) {
        let passphrase = session.secret("passphrase", "Passphrase of the vault (not shown): ")?;
        return session.grapnel.unlock(&passphrase).await;
    }
    if !is_needed {
        return Ok(());
    }
    let error = Error::new(Code::PassphraseNeeded, "The vault is locked. It opens with your passphrase.");
    Err(error.means("Nothing was changed.").hint(hint_here(Code::PassphraseNeeded).unwrap_or_default()))
}

/// Whether a command that needs the vault only now would have to ask for its passphrase.
pub(crate) fn needs_passphrase(session: &Session<'_>) -> Result<bool> {
    Ok(session.grapnel.protection()? == Protection::Passphrase && !session.reads_passphrases)
}

/// Like [`unlock`], in a command that needs the vault only now: see
/// [`Command::needs_vault`](crate::arguments::Command::needs_vault).
pub(crate) async fn unlock_in_command(session: &mut Session<'_>) -> Result<()> {
    // With --passphrase-stdin it was opened before the command began.
    if session.reads_passphrases { Ok(()) } else { unlock(session, true).await }
}

/// Reads a new passphrase for `what`. At a terminal it is typed twice.
pub(crate) fn new_passphrase(session: &mut Session<'_>, what: &str) -> Result<SecretString> {
    let passphrase = read_passphrase(session, &format!("New passphrase for the {what} (not shown): "))?;
    if session.input.is_terminal && !session.reads_passphrases {
        let again = session.input.secret("Repeat the passphrase: ")?;
        if again.expose_secret() != passphrase.expose_secret() {
            return Err(
                Error::input("passphrase", "The two passphrases differ.").means("Nothing was changed.")
            );
        }
    }
    Ok(passphrase)
}

/// Reads a passphrase at the terminal, or from standard input with `--passphrase-stdin`.
pub(crate) fn read_passphrase(session: &mut Session<'_>, prompt: &str) -> Result<SecretString> {
    if session.can_ask() || session.reads_passphrases {
        return session.secret("passphrase", prompt);
    }
    let message = format!("A passphrase is needed. {}", session.unattended_reason());
    Err(Error::input("passphrase", message)
        .means("Nothing was changed.")
        .hint("Add --passphrase-stdin and write it to standard input."))
}

#[derive(Serialize)]
struct VaultStatus {
    protection: Protection,
    /// Why the vault cannot be opened now.
    trouble: Option<Error>,
}

impl CommandResult for VaultStatus {
    fn text(&self, _: Timestamp) -> String {
        let opener = match self.protection {
            Protection::None => {
                "The vault is empty. The first secret creates a key in your keyring. To use a passphrase instead: \
                 grapnel vault passphrase"
            }
            Protection::Keyring => "The vault key is in your keyring.",
            Protection::Passphrase => "The vault is protected with a passphrase, asked for at each start.",
        };
        match &self.trouble {
            None => opener.to_owned(),
            Some(_) => format!("{opener} It cannot be opened now."),
        }
    }
}
