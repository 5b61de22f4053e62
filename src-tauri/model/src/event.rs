//! What the core tells whoever watches: state flows out as events, and never carries a secret.

use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::content::Progress;
use crate::error::Error;
use crate::id::ConnectionId;

/// Something changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Event {
    /// An app was added or removed.
    Apps,
    /// What is set for all of Grapnel was changed.
    Settings,
    /// A connection was added, removed, or stands otherwise.
    Connection(ConnectionId),
    /// An attempt went on; this is how it stands now.
    Attempt(Box<Attempt>),
    /// A callback was not accepted: why, for the person who may be waiting for it.
    CallbackRefused(Error),
    /// Another process wrote, and that is told by now; besides, something may be new in the activity.
    Activity,
    /// Another process wrote much, or something was missed: whatever was read before may be old.
    Elsewhere,
    /// A long list is on its way.
    Progress(Progress),
    /// The keyring answers again (nothing), or does not (why).
    Vault(Option<Error>),
}
