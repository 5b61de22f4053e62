//! Reads connections, one by one or as a list, and deletes them.

use grapnel_model::connection::{Details, Summary};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_store::connection::ConnectionRow;
use grapnel_store::connection_status::ConnectionStatus;
use grapnel_store::{self as store, connection, connection_status};

use super::state::{self, StatusContext};
use crate::context::Context;
use crate::{app, authorize};

/// Every connection, by name.
pub(crate) fn all(ctx: &Context) -> Result<Vec<Summary>> {
    let all = ctx.store.read(connection_status::all)?;
    Ok(StatusContext::of(ctx, app::all(ctx)?).summaries(all))
}

/// Those of these connections that exist.
pub(crate) fn some(ctx: &Context, ids: &[ConnectionId]) -> Result<Vec<Summary>> {
    let found = ctx.store.read(|c| ids.iter().map(|id| connection_status::one(c, id)).collect())?;
    let found: Vec<Option<ConnectionStatus>> = found;
    Ok(StatusContext::of(ctx, app::all(ctx)?).summaries(found.into_iter().flatten().collect()))
}

/// The connection with this name, ignoring ASCII case.
pub(crate) fn named(ctx: &Context, name: &str) -> Result<Option<Summary>> {
    let Some(found) = ctx.store.read(|c| connection_status::named(c, name))? else { return Ok(None) };
    let app = ctx.store.read(|c| store::app::get(c, &found.app_id))?.ok_or_else(Error::no_app)?;
    Ok(StatusContext::of(ctx, vec![app::view(app)?]).summary(found))
}

/// The details of a connection.
pub(crate) fn details(ctx: &Context, id: &ConnectionId) -> Result<Details> {
    let found = ctx.store.read(|c| connection::with_app(c, id))?;
    let (row, app) = found.ok_or_else(Error::no_connection)?;
    state::details(ctx, row, app)
}

/// Deletes a disconnected connection with its history and its cached content.
pub(crate) async fn forget(ctx: &Context, id: &ConnectionId) -> Result<()> {
    row(ctx, id)?;
    let is_free = authorize::clear(ctx, None, Some(id))?;
    if !is_free || !ctx.store.write(|tx| connection::remove(tx, id))? {
        return Err(Error::new(Code::InvalidInput, "This connection still holds tokens, or is about to.")
            .means("Nothing was removed.")
            .hint("Disconnect it first."));
    }
    ctx.store.drop_refresh_lock(id);
    ctx.emit(Event::Connection(id.clone()));
    ctx.cache.forget(&id.0).await
}

/// The row of a connection.
pub(crate) fn row(ctx: &Context, id: &ConnectionId) -> Result<ConnectionRow> {
    ctx.store.read(|c| connection::get(c, id))?.ok_or_else(Error::no_connection)
}
