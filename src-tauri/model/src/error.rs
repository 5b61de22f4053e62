//! The error type of Grapnel: a code for programs, and up to three sentences for people: what happened, what it means
//! for their tokens, and what to do.

use serde::{Deserialize, Serialize};

/// The error of the core and everything above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[error("{message}")]
pub struct Error {
    /// Identifies the kind of error to programs.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// What it means for the person's tokens.
    pub meaning: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The form field to correct, if the input was wrong.
    pub field: Option<String>,
    /// A valid value for that field, if one is known. Boxed to keep `Result` small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<Box<str>>,
    /// The status of the provider's response, if that is what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// What to open to follow the hint, where the code does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<NextStep>,
}

/// A place where the person can correct the cause of an error. The window has a button for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// The form of the app.
    EditApp,
    /// Grapnel's settings.
    OpenSettings,
    /// A new registration of the app's client at its provider.
    RegisterAnew,
}

/// The result of every fallible function of Grapnel.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kinds of errors. A kind exists only where the window or a script behaves differently for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The input is invalid.
    InvalidInput,
    /// The app, connection, attempt or project does not exist, or no longer does.
    NotFound,
    /// There is no keyring service on this computer.
    KeyringAbsent,
    /// The keyring is locked.
    KeyringLocked,
    /// The keyring did not respond in time; it may be waiting for the person.
    KeyringTimedOut,
    /// The keyring failed in any other way.
    KeyringFailed,
    /// The keyring has no default collection to store a key in.
    KeyringNoCollection,
    /// The keyring has several keys for this vault, and none of them opens it.
    KeyringAmbiguous,
    /// The keyring is unlocked but denies access to the key.
    KeyringDenied,
    /// The keyring works, but the key of this vault is no longer in it.
    KeyMissing,
    /// The keyring has a key that does not open this vault.
    KeyWrong,
    /// The vault needs its passphrase, which was not entered yet.
    PassphraseNeeded,
    /// The passphrase does not open this vault or file.
    PassphraseWrong,
    /// The file was not exported by Grapnel, or is truncated or modified.
    FileInvalid,
    /// The data directory or the database cannot be written.
    DataUnwritable,
    /// The database was written by a newer Grapnel.
    DataNewer,
    /// The database cannot be read, or contains invalid data.
    DataDamaged,
    /// Another process has locked the database.
    DataBusy,
    /// The browser could not be started.
    BrowserFailed,
    /// Another program uses the port for callbacks.
    PortTaken,
    /// The callback is malformed or does not belong here.
    CallbackInvalid,
    /// The callback's `state` belongs to no attempt.
    CallbackUnknown,
    /// The attempt was already answered, cancelled or timed out.
    CallbackLate,
    /// The person refused access at the provider.
    AccessDenied,
    /// The attempt was cancelled in Grapnel.
    Cancelled,
    /// No callback arrived in time.
    TimedOut,
    /// The provider returned any other OAuth error.
    ProviderError,
    /// The provider does not accept the client ID or client secret.
    InvalidClient,
    /// The provider does not accept the code or the refresh token.
    InvalidGrant,
    /// The provider is unreachable or temporarily unavailable.
    ProviderUnavailable,
    /// The request was sent, but its response did not arrive.
    AnswerLost,
    /// The response cannot be understood.
    ReplyInvalid,
    /// The response exceeds the size limit.
    ReplyTooLarge,
    /// The ID token is invalid: another issuer, audience or nonce, or a wrong signature.
    IdTokenInvalid,
    /// Another account signed in than the one the connection belongs to.
    OtherAccount,
    /// The tokens are no longer accepted; a new sign-in is needed.
    ReconnectNeeded,
    /// A team's database cannot be reached or used.
    TeamUnreachable,
    /// What a team's database has is older than what this computer has seen of it.
    TeamRolledBack,
    /// What a team's database has was not written by who may.
    TeamForged,
    /// Two machines of a team had new tokens of a connection, of which one grant could be kept.
    TeamConflict,
    /// The team does not have this member, or the member may not do this.
    TeamRefused,
    /// The connection does not give access to this project.
    ProjectNotAuthorized,
    /// A defect of Grapnel.
    Internal,
}

impl Code {
    /// Whether a refresh that failed with this code is not retried until a person acts.
    pub fn needs_person(self) -> bool {
        matches!(self, Self::ReconnectNeeded | Self::InvalidClient | Self::OtherAccount)
    }

    /// Whether a team's database answers with what cannot be used: older than what was seen, or forged.
    pub fn is_of_team_content(self) -> bool {
        matches!(self, Self::TeamRolledBack | Self::TeamForged)
    }

    /// Whether the code means that the vault cannot be opened now.
    pub fn is_of_vault(self) -> bool {
        matches!(
            self,
            Self::KeyringAbsent
                | Self::KeyringLocked
                | Self::KeyringTimedOut
                | Self::KeyringFailed
                | Self::KeyringNoCollection
                | Self::KeyringAmbiguous
                | Self::KeyringDenied
                | Self::KeyMissing
                | Self::KeyWrong
                | Self::PassphraseNeeded
        )
    }
}

impl Error {
    /// Creates an error with only a message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            meaning: None,
            hint: None,
            field: None,
            suggestion: None,
            http_status: None,
            next_step: None,
        }
    }

    /// Creates an error about a form field. `field` is its name in the API.
    pub fn input(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(Code::InvalidInput, message) }
    }

    /// A connection that no longer exists.
    pub fn no_connection() -> Self {
        Self::new(Code::NotFound, "This connection is not here any more.").hint("Connect the app again.")
    }

    /// An app that no longer exists.
    pub fn no_app() -> Self {
        Self::new(Code::NotFound, "This app is not here any more.").hint("Add it again.")
    }

    /// Sets what the error means for the person's tokens.
    #[must_use]
    pub fn means(mut self, meaning: impl Into<String>) -> Self {
        self.meaning = Some(meaning.into());
        self
    }

    /// Sets what the error means for the person's tokens, unless it is set.
    #[must_use]
    pub fn or_means(self, meaning: impl Into<String>) -> Self {
        if self.meaning.is_some() { self } else { self.means(meaning) }
    }

    /// Sets what to do next, unless it is set.
    #[must_use]
    pub fn or_hint(self, hint: impl Into<String>) -> Self {
        if self.hint.is_some() { self } else { self.hint(hint) }
    }

    /// Sets a valid value for the field.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<Box<str>>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// Sets the status of the provider's response.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.http_status = Some(status);
        self
    }

    /// Sets what to open to follow the hint.
    #[must_use]
    pub fn next_step(mut self, step: NextStep) -> Self {
        self.next_step = Some(step);
        self
    }

    /// The cause in a few words, for within a sentence: `HTTP 503`.
    pub fn short_cause(&self) -> Option<String> {
        if let Some(status) = self.http_status {
            return Some(format!("HTTP {status}"));
        }
        let words = match self.code {
            Code::ProviderUnavailable => "provider unreachable",
            Code::AnswerLost => "no response",
            Code::TeamUnreachable => "team unreachable",
            Code::ReplyInvalid | Code::ReplyTooLarge => "unusable response",
            code if code.is_of_vault() => "vault not open",
            Code::DataUnwritable | Code::DataBusy => "tokens not stored",
            _ => return None,
        };
        Some(words.to_owned())
    }

    /// Sets what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The message of an I/O error without its system error number and full stop, for use within a sentence.
pub fn io_error_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words);
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
