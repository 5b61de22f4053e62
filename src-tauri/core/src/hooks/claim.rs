//! Claims events: of several processes that notice one, a single process runs the hooks.

use grapnel_model::connection::State;
use grapnel_model::connection_event::{ConnectionEvent, ConnectionSnapshot};
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_store::hook;
use rusqlite::Connection;

use crate::connection;
use crate::context::Context;

/// A connection at the last claim, and now.
struct Change {
    before: Option<ConnectionSnapshot>,
    now: Option<ConnectionSnapshot>,
}

impl Change {
    fn read(ctx: &Context, c: &Connection, id: &ConnectionId) -> rusqlite::Result<Result<Self>> {
        let before = hook::snapshot(c, id)?;
        let now = connection::snapshot(ctx, c, id, before.as_ref())?;
        Ok(now.map(|now| Self { before, now }))
    }

    /// Whether there is nothing to claim: nothing has changed, or a refresh is in progress, which ends before long.
    fn is_none(&self) -> bool {
        let Some(now) = &self.now else { return self.before.is_none() };
        now.state == Some(State::Refreshing)
            || self.before.as_ref().is_some_and(|before| {
                (&before.name, &before.app, before.tokens, before.needs_attention)
                    == (&now.name, &now.app, now.tokens, now.needs_attention)
            })
    }
}

/// Whether something happened to a connection that no process has claimed.
pub(super) fn is_due(ctx: &Context, id: &ConnectionId) -> Result<bool> {
    Ok(!ctx.store.read(|c| Change::read(ctx, c, id))??.is_none())
}

/// What happened to a connection since the last claim, by any process. Only one process gets each event.
pub(super) fn claim(ctx: &Context, id: &ConnectionId) -> Result<Vec<ConnectionEvent>> {
    // If the power fails, the event may be claimed again.
    ctx.store.write_without_sync(|tx| {
        Ok(match Change::read(ctx, tx, id)? {
            Ok(change) if hook::is_any(tx)? && !change.is_none() => {
                hook::set_snapshot(tx, id, change.now.as_ref())?;
                Ok(ConnectionEvent::between(change.before.as_ref(), change.now.as_ref(), ctx.now()))
            }
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(error),
        })
    })?
}
