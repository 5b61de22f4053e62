//! Activity: what happened to connections, and why, kept as a log without secrets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{AppId, ConnectionId};
use crate::text::clean_line;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An app was added.
    AppAdded,
    /// An app was changed.
    AppChanged,
    /// An app was removed.
    AppRemoved,
    /// A sign-in began.
    SignInStarted,
    /// A sign-in succeeded.
    SignedIn,
    /// Another account signed in than the connection belonged to.
    OtherAccount,
    /// The person said no at the provider.
    Denied,
    /// A sign-in failed, was cancelled, or timed out.
    SignInEnded,
    /// A callback was not accepted.
    CallbackRefused,
    /// The tokens were renewed because someone asked, or used them.
    Renewed,
    /// The tokens were renewed without anyone asking.
    RenewedByItself,
    /// A renewal failed, and is tried again.
    RenewalFailed,
    /// A renewal was sent and its answer was not seen; it is tried again.
    AnswerLost,
    /// The provider refused to renew.
    RenewalRefused,
    /// The access token was copied to the clipboard.
    TokenCopied,
    /// A program was given the access token.
    TokenHandedOut,
    /// The person disconnected.
    Disconnected,
    /// The provider took back a token of a connection that was disconnected before.
    Revoked,
    /// The provider could not be asked to take it back, and is asked again.
    RevocationDelayed,
    /// The provider could not be made to take it back, and is asked no more.
    RevocationFailed,
    /// Something else opens the vault now.
    VaultMoved,
    /// Apps and connections were written to a file.
    Exported,
    /// It came from a file.
    Imported,
}

/// One line of the activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: Kind,
    /// The sentence to read.
    pub text: String,
    /// How often it happened; what comes again soon is one entry.
    pub times: u32,
    /// When it happened last, if more than once.
    pub last_at: Option<Timestamp>,
    /// The connection that it happened to.
    pub connection_id: Option<ConnectionId>,
    /// The app that it happened to.
    pub app_id: Option<AppId>,
}

impl Kind {
    /// The kinds whose entries come from what others do, as often as they like: web pages, programs, providers. They
    /// are counted apart, so that they never displace what the person did.
    pub const FROM_OUTSIDE: [Self; 4] =
        [Self::CallbackRefused, Self::TokenHandedOut, Self::RenewalFailed, Self::AnswerLost];
}

/// A program that asks for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestingProcess {
    /// The file that it executes, such as `/usr/bin/bash`; nothing where that cannot be told.
    pub program: Option<String>,
    /// Its process id.
    pub pid: u32,
}

impl RequestingProcess {
    /// By what it is known: a script that is started again is the same.
    pub fn known_by(&self) -> String {
        self.program.as_deref().map_or_else(|| "another program".into(), clean_line)
    }

    /// The sentence for the activity.
    pub fn sentence(&self) -> String {
        let program = self.known_by();
        let shown = match program.char_indices().nth_back(LONGEST_PROGRAM - 1) {
            // The end of a path tells most.
            Some((start, _)) if start > 0 => format!("…{}", &program[start..]),
            _ => program,
        };
        format!("Access token handed to {shown} (pid {}).", self.pid)
    }
}

/// How many characters of a program's path are shown.
const LONGEST_PROGRAM: usize = 200;
