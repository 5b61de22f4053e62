//! Snapshots of connections, from which events are derived.

use grapnel_model::connection_event::ConnectionSnapshot;
use grapnel_model::error::Result;
use grapnel_model::id::ConnectionId;
use grapnel_store::connection;
use grapnel_store::connection_status::ConnectionStatus;
use rusqlite::Connection;

use super::state::StatusContext;
use crate::app;
use crate::context::Context;

/// A connection as it is now; `None` if it does not exist. `before` is the last snapshot of it, if there is one.
pub(crate) fn snapshot(
    ctx: &Context,
    c: &Connection,
    id: &ConnectionId,
    before: Option<&ConnectionSnapshot>,
) -> rusqlite::Result<Result<Option<ConnectionSnapshot>>> {
    let Some((row, app)) = connection::with_app(c, id)? else { return Ok(Ok(None)) };
    let tokens = row.token_metadata().map(|of| (of.issued_at, of.refresh_count));
    Ok(app::view(app).map(|app| {
        let summary = StatusContext::of(ctx, vec![app]).summary(ConnectionStatus::from(&row))?;
        Some(ConnectionSnapshot::new(summary, tokens, before))
    }))
}
