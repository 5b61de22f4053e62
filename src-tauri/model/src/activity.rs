//! The activity log: what happened to apps and connections, and why. It contains no secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{AppId, ConnectionId, ExchangeId};
use crate::text::clean_line;

/// The kind of an activity entry.
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
    /// Another account signed in than the one the connection belongs to.
    OtherAccount,
    /// The person refused access at the provider.
    Denied,
    /// A sign-in failed, was cancelled, or timed out.
    SignInEnded,
    /// A callback was refused.
    CallbackRefused,
    /// The tokens were refreshed on request, or because a token was needed.
    #[serde(rename = "renewed")]
    Refreshed,
    /// The tokens were refreshed automatically.
    #[serde(rename = "renewed_by_itself")]
    RefreshedAutomatically,
    /// A refresh failed and will be retried.
    #[serde(rename = "renewal_failed")]
    RefreshFailed,
    /// The response to a refresh did not arrive; it will be retried.
    AnswerLost,
    /// The provider refused to refresh.
    #[serde(rename = "renewal_refused")]
    RefreshRefused,
    /// The access token was exchanged for one for another service or with fewer scopes.
    TokenExchanged,
    /// Such an exchange failed.
    TokenExchangeFailed,
    /// The access token was copied to the clipboard, or shown on the screen.
    TokenCopied,
    /// A program received the access token.
    TokenHandedOut,
    /// A connection was renamed.
    Renamed,
    /// The person disconnected a connection.
    Disconnected,
    /// The provider revoked a token of a connection that was disconnected earlier.
    Revoked,
    /// A revocation failed and will be retried.
    RevocationDelayed,
    /// A revocation failed for good.
    RevocationFailed,
    /// The protection of the vault was changed.
    VaultMoved,
    /// Apps and connections were written to a file.
    Exported,
    /// Apps and connections were imported from a file.
    Imported,
    /// A connection was shared with a team, or no longer is.
    Shared,
    /// Another machine of the team did something with a shared connection.
    TeamChanged,
    /// A team was created, joined or left, or its members changed.
    TeamMembers,
    /// Something of a team cannot be used: its database is unreachable, restored from a backup, or has other tokens.
    TeamFailed,
    /// A hook was added or removed.
    HookChanged,
    /// A hook did not run, or failed.
    HookFailed,
}

/// An entry of the activity log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Entry {
    /// When it happened first.
    pub at: Timestamp,
    /// What kind of event it was.
    pub kind: Kind,
    /// The sentence to show.
    pub text: String,
    /// How often it happened. Repetitions within a short time share one entry.
    pub times: u32,
    /// When it happened last, if more than once.
    pub last_at: Option<Timestamp>,
    /// The connection it belongs to.
    pub connection_id: Option<ConnectionId>,
    /// The app it belongs to.
    pub app_id: Option<AppId>,
    /// The exchange that it tells about, as long as the connection's history has it.
    pub exchange_id: Option<ExchangeId>,
}

impl Kind {
    /// The kinds that others can cause as often as they like: web pages, programs, providers, hooks. They have a limit
    /// of their own, so that they do not displace the person's entries.
    pub const EXTERNAL: [Self; 9] = [
        Self::CallbackRefused,
        Self::TokenHandedOut,
        Self::RefreshFailed,
        Self::AnswerLost,
        Self::TokenExchanged,
        Self::TokenExchangeFailed,
        Self::HookFailed,
        Self::TeamChanged,
        Self::TeamFailed,
    ];
}

/// A process that requests a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestingProcess {
    /// Its executable, such as `/usr/bin/bash`; `None` if unknown.
    pub program: Option<String>,
    /// Its process ID.
    pub pid: u32,
}

impl RequestingProcess {
    /// The name that identifies it in the log. Two runs of the same program have the same name.
    pub fn log_name(&self) -> String {
        self.program.as_deref().map_or_else(|| "another program".into(), clean_line)
    }

    /// The text of its activity entry.
    pub fn sentence(&self) -> String {
        self.sentence_of("Access token")
    }

    /// The text of its activity entry, if it got this token.
    pub fn sentence_of(&self, token: &str) -> String {
        let program = self.log_name();
        let shown = match program.char_indices().nth_back(MAX_PROGRAM_CHARS - 1) {
            // The end of a path is its most informative part.
            Some((start, _)) if start > 0 => format!("…{}", &program[start..]),
            _ => program,
        };
        format!("{token} handed to {shown} (pid {}).", self.pid)
    }
}

/// The most characters of a program's path that are shown.
const MAX_PROGRAM_CHARS: usize = 200;
