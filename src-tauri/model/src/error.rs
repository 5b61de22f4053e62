//! The one error of Grapnel: a code for programs, and three sentences for people:
//! what happened, what it means for their tokens, and what to do.

use serde::{Deserialize, Serialize};

/// What the core and everything above it fail with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[error("{message}")]
pub struct Error {
    /// What programs tell errors apart by.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// What it means for the person's tokens.
    pub meaning: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The field of a form that is to be corrected, where the input was wrong.
    pub field: Option<String>,
    /// What to enter in that field instead, where that is known. (A box, since every result carries an error.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<Box<str>>,
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A code exists where the window or a script behaves differently for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// What the person entered cannot be.
    InvalidInput,
    /// The app, connection, attempt or project does not exist (any more).
    NotFound,
    /// There is no keyring service on this machine.
    KeyringAbsent,
    /// The keyring is there, and locked.
    KeyringLocked,
    /// The keyring did not answer in time; perhaps it waits for a person.
    KeyringTimedOut,
    /// The keyring answered with a failure that is none of the others.
    KeyringFailed,
    /// The keyring has no default collection to keep a key in.
    KeyringNoCollection,
    /// The keyring has several keys of this name, and none of them opens the vault.
    KeyringAmbiguous,
    /// The keyring is open, and does not let Grapnel have the key.
    KeyringDenied,
    /// The keyring works, and the key of this vault is no longer in it.
    KeyMissing,
    /// The keyring holds a key that does not open this vault.
    KeyWrong,
    /// The vault is opened by a passphrase, which was not given yet.
    PassphraseNeeded,
    /// The passphrase is not this vault's, or not this file's.
    PassphraseWrong,
    /// The file is none that Grapnel exported, or was cut or changed since.
    FileInvalid,
    /// The data directory or the database cannot be written.
    DataUnwritable,
    /// The database was written by a newer Grapnel.
    DataNewer,
    /// The database cannot be read, or holds something impossible.
    DataDamaged,
    /// Another process holds the database.
    DataBusy,
    /// The browser could not be started.
    BrowserFailed,
    /// The port that callbacks should come home to belongs to another program.
    PortTaken,
    /// The callback is not one that Grapnel understands.
    CallbackInvalid,
    /// The callback's state belongs to no attempt of this Grapnel.
    CallbackUnknown,
    /// The attempt was answered, cancelled or timed out before.
    CallbackLate,
    /// The person said no at the provider.
    AccessDenied,
    /// The attempt was cancelled here.
    Cancelled,
    /// Nobody answered in time.
    TimedOut,
    /// The provider answered with an OAuth error that is none of the others.
    ProviderError,
    /// The provider does not accept the client id or secret.
    InvalidClient,
    /// The provider does not accept the code or the refresh token.
    InvalidGrant,
    /// The provider could not be reached, or answered that it cannot now.
    ProviderUnavailable,
    /// The request was sent and its answer was not seen.
    AnswerLost,
    /// The reply is not one that can be understood.
    ReplyInvalid,
    /// The reply is larger than any true one.
    ReplyTooLarge,
    /// The ID token of a sign-in is wrong: it is not from the issuer, not for this app, or not for this attempt.
    IdTokenInvalid,
    /// Another account signed in than the connection belongs to.
    OtherAccount,
    /// The token is not accepted any more, and only a person can mend it.
    ReconnectNeeded,
    /// The connection does not open this project.
    ProjectNotAuthorized,
    /// A defect of Grapnel itself.
    Internal,
}

impl Code {
    /// Whether a refresh that failed so is not tried again until a person did something about it.
    pub fn needs_person(self) -> bool {
        matches!(self, Self::ReconnectNeeded | Self::InvalidClient | Self::OtherAccount)
    }

    /// Whether it says that nothing opens the vault now.
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
    /// An error that so far only says what happened.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), meaning: None, hint: None, field: None, suggestion: None }
    }

    /// An error about one field of a form. `field` is the name of the value in the API.
    pub fn input(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(Code::InvalidInput, message) }
    }

    /// A connection that someone removed meanwhile.
    pub fn no_connection() -> Self {
        Self::new(Code::NotFound, "This connection is not here any more.").hint("Connect the app again.")
    }

    /// An app that someone removed meanwhile.
    pub fn no_app() -> Self {
        Self::new(Code::NotFound, "This app is not here any more.").hint("Add it again.")
    }

    /// Adds what it means for the person's tokens.
    #[must_use]
    pub fn means(mut self, meaning: impl Into<String>) -> Self {
        self.meaning = Some(meaning.into());
        self
    }

    /// Adds what it means for the person's tokens, unless that is said already.
    #[must_use]
    pub fn or_means(self, meaning: impl Into<String>) -> Self {
        if self.meaning.is_some() { self } else { self.means(meaning) }
    }

    /// Adds what to do next, unless that is said already.
    #[must_use]
    pub fn or_hint(self, hint: impl Into<String>) -> Self {
        if self.hint.is_some() { self } else { self.hint(hint) }
    }

    /// Adds what to enter in the field instead.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<Box<str>>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What an input or output error says, without the system's number for it, to stand within a sentence.
pub fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words);
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
