//! Hooks, and the snapshots of connections that events are derived from.

use grapnel_model::connection_event::ConnectionSnapshot;
use grapnel_model::error::Result;
use grapnel_model::hook::{Hook, HookCommand, HookRun};
use grapnel_model::id::{ConnectionId, HookId};

use super::Grapnel;
use crate::hooks::HookOutput;
use crate::{connection, hooks};

impl Grapnel {
    /// A connection as it is now; `None` if it does not exist. `before` is the last snapshot of it, if there is one.
    pub fn connection_snapshot(
        &self,
        id: &ConnectionId,
        before: Option<&ConnectionSnapshot>,
    ) -> Result<Option<ConnectionSnapshot>> {
        self.0.store.read(|c| connection::snapshot(&self.0, c, id, before))?
    }

    /// Every hook, in the order in which they were added.
    ///
    /// # Errors
    /// The vault cannot be opened.
    pub async fn hooks(&self) -> Result<Vec<Hook>> {
        hooks::list(&self.0).await
    }

    /// Adds a hook. The caller has shown this very command to the person, who confirmed it.
    pub async fn add_hook(&self, confirmed: &HookCommand) -> Result<HookId> {
        hooks::add(&self.0, confirmed).await
    }

    /// Removes a hook.
    pub fn remove_hook(&self, id: &HookId) -> Result<()> {
        hooks::remove(&self.0, id)
    }

    /// Runs a hook now, as if its event had happened to `connection`, or to the first one by name.
    pub async fn test_hook(
        &self,
        id: &HookId,
        connection: Option<&ConnectionId>,
        output: HookOutput,
    ) -> Result<HookRun> {
        hooks::test(&self.0, id, connection, output).await
    }
}
