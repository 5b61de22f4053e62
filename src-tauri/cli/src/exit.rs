//! What the program exits with: a number for scripts to tell failures apart by.

use std::process::ExitCode;

use grapnel_model::error::{Code, Error};

/// How a run ended. The numbers are a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// It failed for a reason that has no number of its own.
    Failed = 1,
    /// It was asked for in a way that cannot be.
    Usage = 2,
    /// Only a new sign-in helps.
    ReconnectNeeded = 3,
    /// The provider cannot be reached, or cannot answer now.
    ProviderUnavailable = 4,
    /// Neither keyring nor passphrase opens the vault.
    Keyring = 5,
    /// The sign-in was denied, cancelled, or timed out, or came from another account.
    NotAuthorized = 6,
}

impl Exit {
    /// What an error exits with.
    pub(crate) fn of(error: &Error) -> Self {
        match error.code {
            // A field names a value that was entered. Without one, what was entered is right, and does not fit
            // what is there.
            Code::InvalidInput if error.field.is_some() => Self::Usage,
            // The connection is `reconnect_needed` as well while its app is not accepted.
            Code::ReconnectNeeded | Code::InvalidClient => Self::ReconnectNeeded,
            Code::ProviderUnavailable | Code::AnswerLost => Self::ProviderUnavailable,
            Code::AccessDenied | Code::Cancelled | Code::TimedOut | Code::OtherAccount => Self::NotAuthorized,
            code if code.is_of_vault() || code == Code::PassphraseWrong => Self::Keyring,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
