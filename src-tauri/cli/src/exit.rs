//! Exit codes, by which scripts tell failures apart.

use std::process::ExitCode;

use grapnel_model::error::{Code, Error};

/// The exit codes. They are a contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Done,
    /// Any failure without a code of its own.
    Failed,
    /// Wrong usage: an unknown argument or an invalid value.
    Usage,
    /// The connection must be reconnected.
    ReconnectNeeded,
    /// The provider or the team cannot be reached, or is unavailable.
    ProviderUnavailable,
    /// The vault cannot be opened with the keyring or the passphrase.
    Keyring,
    /// The sign-in was denied, cancelled or timed out, or was of another account.
    NotAuthorized,
    /// New tokens that only this worker had are lost: the team's database could not be written.
    TokensLost,
    /// The exit code of a command that was run.
    Command(u8),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::ReconnectNeeded => 3,
            Self::ProviderUnavailable => 4,
            Self::Keyring => 5,
            Self::NotAuthorized => 6,
            Self::TokensLost => 7,
            Self::Command(code) => code,
        }
    }

    /// The exit code of an error.
    pub(crate) fn of(error: &Error) -> Self {
        match error.code {
            // An error with a field is about an entered value. Without a field, the input is valid but conflicts with
            // the stored data.
            Code::InvalidInput if error.field.is_some() => Self::Usage,
            // The connection is `reconnect_needed` as well while its app is not accepted.
            Code::ReconnectNeeded | Code::InvalidClient => Self::ReconnectNeeded,
            Code::ProviderUnavailable | Code::AnswerLost | Code::TeamUnreachable => Self::ProviderUnavailable,
            Code::AccessDenied | Code::Cancelled | Code::TimedOut | Code::OtherAccount => Self::NotAuthorized,
            code if code.is_of_vault() || code == Code::PassphraseWrong => Self::Keyring,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
