//! Events of the core: changes that the window and other listeners react to. They contain no secret.

use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::content::Progress;
use crate::error::Error;
use crate::id::ConnectionId;

/// A change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Event {
    /// An app was added or removed.
    Apps,
    /// The settings were changed.
    Settings,
    /// A team was added, removed or changed, or became reachable or unreachable.
    Teams,
    /// A connection was added, removed or changed.
    Connection(ConnectionId),
    /// An attempt changed; this is its new state.
    Attempt(Box<Attempt>),
    /// A callback was refused, for a person who may be waiting for it.
    CallbackRefused(Error),
    /// The history of a connection's exchanges has changed.
    Exchanges(ConnectionId),
    /// The activity log may have new entries. Also sent after the events of another process's changes.
    Activity,
    /// Another process made changes that are not listed, or events were missed: everything that was read may be stale.
    #[serde(rename = "elsewhere")]
    ChangedElsewhere,
    /// The progress of loading a long list.
    Progress(Progress),
    /// The vault became available (`None`) or unavailable (the reason).
    Vault(Option<Error>),
}
