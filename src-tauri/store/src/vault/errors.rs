//! The errors for a vault that does not open.

use grapnel_model::error::{Code, Error};

use crate::BACKUP_FILES;

pub(super) fn interrupted() -> Error {
    Error::new(Code::Internal, "Opening the vault was interrupted.")
}

pub(super) fn passphrase_needed() -> Error {
    Error::new(Code::PassphraseNeeded, "The vault is locked, and opens with your passphrase.")
        .means("Your tokens are sealed with a key that comes of it. None of them is lost, and none can be read until \
            it is given.")
        .hint("Enter the passphrase.")
}

pub(super) fn slow() -> Error {
    Error::new(Code::KeyringLocked, "Your keyring has not answered yet.")
        .means("Your tokens are encrypted with a key that is stored there. None of them is lost.")
        .hint("It may be asking for its password in another window.")
}

#[cfg(target_os = "linux")]
pub(super) fn not_open() -> Error {
    Error::new(Code::KeyringLocked, "Your keyring is not unlocked yet.")
        .means("Your tokens are encrypted with a key that is stored there. None of them is lost, and none is refreshed \
            until then.")
        .hint("Unlock the keyring. Grapnel goes on by itself then.")
}

pub(super) fn timed_out() -> Error {
    Error::new(Code::KeyringTimedOut, "Your keyring did not answer within two minutes.")
        .means("Your tokens are encrypted with a key that is stored there. None of them is lost.")
        .hint("Unlock the keyring, then try again.")
}

pub(super) fn damaged() -> Error {
    Error::new(Code::DataDamaged, "A secret in the database cannot be opened: it was changed or damaged.")
        .means("That one secret is lost here. The others are not touched.")
        .hint(format!("Restore {BACKUP_FILES} from a backup, or reconnect."))
}
