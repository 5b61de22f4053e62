//! `grapnel vault`: what opens the vault, and choosing something else. And the passphrase, asked for before a
//! command that cannot do without.

use clap::Subcommand;
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::secret::{ExposeSecret, SecretString};
use grapnel_model::vault::Protection;
use jiff::Timestamp;
use serde::Serialize;

use crate::keyring;
use crate::print::{Shown, hint_here};
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what opens the vault, and whether it does now
    Status,
    /// Seal everything under a passphrase of your own, or another one than before
    Passphrase,
    /// Seal everything under a key in the keyring
    Keyring,
    /// Give up everything that is sealed, where nothing opens it any more
    Anew {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(session: &mut Session<'_>, command: &Command) -> Result<()> {
    match command {
        Command::Status => {
            keyring::glance(session).await;
        }
        Command::Passphrase => {
            let passphrase = chosen(session, "vault")?;
            session.grapnel.protect_with_passphrase(&passphrase).await?;
        }
        Command::Keyring => session.grapnel.protect_with_keyring().await?,
        Command::Anew { yes } => {
            agree(session, *yes)?;
            session.grapnel.begin_anew().await?;
        }
    }
    let standing =
        Standing { protection: session.grapnel.protection()?, trouble: session.grapnel.vault_trouble() };
    session.output.show(&standing)
}

/// Asks before everything that is sealed is given up.
fn agree(session: &mut Session<'_>, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !session.can_ask() {
        return Err(Error::input("yes", "Nobody is there to ask whether to give up what is sealed.")
            .means("Nothing was changed.")
            .hint("Add --yes."));
    }
    let question =
        "Delete every token and client secret that is kept here, and sign in again everywhere? [y/N]";
    session.output.messages.ask(question);
    if session.input.agrees()? {
        Ok(())
    } else {
        Err(Error::new(Code::Cancelled, "Nothing was given up.").means("Everything is sealed as it was."))
    }
}

/// Opens a vault that has a passphrase, if it was announced, or if somebody is there to type it and the command
/// needs what is in it.
pub(crate) async fn unlock(session: &mut Session<'_>, is_needed: bool) -> Result<()> {
    if session.grapnel.protection()? != Protection::Passphrase {
        return Ok(());
    }
    if session.reads_passphrases || (is_needed && session.input.is_terminal) {
        let passphrase = session.input.secret("Passphrase of the vault (not shown): ")?;
        return session.grapnel.unlock(&passphrase).await;
    }
    if !is_needed {
        return Ok(());
    }
    let error = Error::new(Code::PassphraseNeeded, "The vault is locked, and opens with your passphrase.");
    Err(error.means("Nothing was done.").hint(hint_here(Code::PassphraseNeeded).unwrap_or_default()))
}

/// A passphrase that the person chooses now, for `what`. At a terminal it is typed twice.
pub(crate) fn chosen(session: &mut Session<'_>, what: &str) -> Result<SecretString> {
    let passphrase = given(session, &format!("New passphrase for the {what} (not shown): "))?;
    if session.input.is_terminal && !session.reads_passphrases {
        let again = session.input.secret("The same passphrase again: ")?;
        if again.expose_secret() != passphrase.expose_secret() {
            return Err(
                Error::input("passphrase", "The two passphrases differ.").means("Nothing was changed.")
            );
        }
    }
    Ok(passphrase)
}

/// A passphrase from the person at the terminal, or else from standard input where that was announced.
pub(crate) fn given(session: &mut Session<'_>, prompt: &str) -> Result<SecretString> {
    if session.input.is_terminal || session.reads_passphrases {
        return session.input.secret(prompt);
    }
    Err(Error::input("passphrase", "Nobody is there to type a passphrase.")
        .means("Nothing was changed.")
        .hint("Add --passphrase-stdin, and write it to standard input."))
}

#[derive(Serialize)]
struct Standing {
    protection: Protection,
    /// Why it does not open now, if it does not.
    trouble: Option<Error>,
}

impl Shown for Standing {
    fn text(&self, _: Timestamp) -> String {
        let opener = match self.protection {
            Protection::None => {
                "Nothing is sealed yet. The first secret makes a key in your keyring; or choose a passphrase: \
                 grapnel vault passphrase"
            }
            Protection::Keyring => "The vault opens with a key in your keyring.",
            Protection::Passphrase => "The vault opens with your passphrase, at each start.",
        };
        match &self.trouble {
            None => opener.to_owned(),
            Some(_) => format!("{opener} It does not open now."),
        }
    }
}
