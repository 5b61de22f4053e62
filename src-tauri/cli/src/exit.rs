//! Exit codes, by which scripts tell failures apart.

use std::process::ExitCode;

use grapnel_model::error::{Code, Error};

/// The exit codes. They are a contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success.
    Done = 0,
    /// Any failure without a code of its own.
    Failed = 1,
    /// Wrong usage: an unknown argument or an invalid value.
    Usage = 2,
    /// The connection must be reconnected.
    ReconnectNeeded = 3,
    /// The provider cannot be reached, or is unavailable.
    ProviderUnavailable = 4,
    /// The vault cannot be opened with the keyring or the passphrase.
    Keyring = 5,
    /// The sign-in was denied, cancelled or timed out, or was of another account.
    NotAuthorized = 6,
}

impl Exit {
    /// The exit code of an error.
    pub(crate) fn of(error: &Error) -> Self {
        match error.code {
            // An error with a field is about an entered value. Without a field, the input is valid but conflicts with
            // the stored data.
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
