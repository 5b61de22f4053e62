//! Turns the writes of other processes into events, so that only what changed is read again.

use std::sync::Arc;

use grapnel_model::error::{Code, Result};
use grapnel_model::event::Event;
use grapnel_store::change_log::{self, Change};

use crate::authorize;
use crate::context::Context;

/// With more changes at once, everything is read again.
const MAX_SEPARATE_CHANGES: usize = 256;

/// Follows the writes of other processes until the core is dropped.
pub(crate) fn follow(ctx: &Arc<Context>) -> Result<()> {
    let mut others = ctx.store.watch_changes()?;
    let mut last = ctx.store.read(change_log::last)?;
    let ctx = Arc::downgrade(ctx);
    tokio::spawn(async move {
        loop {
            others.changed().await;
            let Some(ctx) = ctx.upgrade() else { return };
            if let Err(error) = emit_changes(&ctx, &mut last) {
                tracing::warn!(%error, "changes by another process could not be read");
                ctx.emit(Event::ChangedElsewhere);
            }
        }
    });
    Ok(())
}

/// Emits events for the changes since `last`. They include this process's own, which is harmless.
fn emit_changes(ctx: &Context, last: &mut i64) -> Result<()> {
    let read = ctx
        .store
        .read(|c| Ok((change_log::since(c, *last, MAX_SEPARATE_CHANGES + 1)?, change_log::last(c)?)));
    let (changes, now) = read?;
    *last = now;
    if changes.len() > MAX_SEPARATE_CHANGES {
        ctx.emit(Event::ChangedElsewhere);
        return Ok(());
    }
    for change in changes {
        match change {
            Change::Connection(id) => ctx.emit(Event::Connection(id)),
            Change::Attempt(id) => match authorize::get(ctx, &id) {
                Ok(attempt) => ctx.emit(Event::Attempt(Box::new(attempt))),
                // A deleted attempt has no state to report.
                Err(error) if error.code == Code::NotFound => ctx.emit(Event::ChangedElsewhere),
                Err(error) => return Err(error),
            },
            Change::Apps => ctx.emit(Event::Apps),
            Change::Settings => ctx.emit(Event::Settings),
            Change::Teams => ctx.emit(Event::Teams),
            Change::Other => ctx.emit(Event::ChangedElsewhere),
        }
    }
    ctx.emit(Event::Activity);
    Ok(())
}
