//! Hooks: commands that the person set to run when something happens to a connection.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection_event::ConnectionEventKind;
use crate::id::HookId;

/// The command of a hook, and when it runs. It is stored encrypted, so that only a process with the vault's key can
/// have set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookCommand {
    /// The event at which it runs.
    pub event: ConnectionEventKind,
    /// The program's absolute path.
    pub program: String,
    /// Its arguments. No shell reads them.
    pub arguments: Vec<String>,
}

/// A hook as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Hook {
    /// Its ID.
    pub id: HookId,
    /// The event at which it runs; `None` if the stored command is not one that Grapnel has written.
    pub event: Option<ConnectionEventKind>,
    /// The command in quoted words, with control characters escaped; `None` as above.
    pub command: Option<String>,
    /// The last run.
    pub last_run: Option<HookRun>,
}

/// A run of a hook that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct HookRun {
    /// When it ended.
    pub at: Timestamp,
    /// How it failed, such as "exited with 1"; `None` if it succeeded.
    pub failure: Option<String>,
}
