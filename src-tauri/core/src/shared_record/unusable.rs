//! What is wrong with the record of a connection, kept with the connection until it is not wrong any more.

use grapnel_model::activity::Kind;
use grapnel_model::error::{Error, Result};
use grapnel_model::event::Event;
use grapnel_store::activity;
use grapnel_store::shared_connection::{self, SharedRow};

use super::record::Record;
use crate::context::Context;

/// Stores what is wrong with the record of a connection, for its details and the activity.
pub(crate) fn note_conflict(ctx: &Context, shared: &SharedRow, error: &Error) -> Result<()> {
    if shared.conflict.as_ref() == Some(error) {
        return Ok(());
    }
    let id = &shared.connection_id;
    ctx.store.write(|tx| {
        shared_connection::set_conflict(tx, id, Some(error))?;
        activity::add(tx, ctx.now(), Kind::TeamFailed, &error.message, (Some(id), None))
    })?;
    told(ctx, shared);
    Ok(())
}

/// Keeps whether the database was rolled back, as a read of a record has shown: the record is older than what was seen
/// of it, or gone; or it is what was seen again.
pub(super) fn note_read(ctx: &Context, shared: &SharedRow, read: &Result<Record>) {
    let noted = match read {
        Err(error) if error.code.is_of_team_content() => note_conflict(ctx, shared, error),
        Ok(record) if record.version == shared.record_version && is_rolled_back(shared) => {
            clear_conflict(ctx, shared)
        }
        _ => Ok(()),
    };
    if let Err(error) = noted {
        tracing::warn!(%error, "it could not be stored whether a record is too old");
    }
}

/// Stores that nothing is wrong with it any more.
pub(super) fn clear_conflict(ctx: &Context, shared: &SharedRow) -> Result<()> {
    ctx.store.write(|tx| shared_connection::set_conflict(tx, &shared.connection_id, None))?;
    told(ctx, shared);
    Ok(())
}

fn is_rolled_back(shared: &SharedRow) -> bool {
    shared.conflict.as_ref().is_some_and(|error| error.code.is_of_team_content())
}

fn told(ctx: &Context, shared: &SharedRow) {
    ctx.emit(Event::Connection(shared.connection_id.clone()));
    ctx.emit(Event::Teams);
}
