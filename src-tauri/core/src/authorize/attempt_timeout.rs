//! Times out attempts.

use std::fs::File;
use std::sync::{Arc, Weak};
use std::time::Duration;

use grapnel_model::attempt::Phase;
use grapnel_model::event::Event;
use grapnel_model::id::AttemptId;
use grapnel_store::attempt::AttemptRow;
use jiff::Timestamp;
use tokio::sync::broadcast::Receiver;

use super::attempts::time_out;
use crate::context::Context;

/// How often the wall clock is read while an attempt waits: ordinary timers stop during suspend.
const WALL_CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// Starts a task that times out an attempt unless it finishes earlier. `waits` is the lock that shows other processes
/// that this one waits for the callback.
pub(crate) fn watch(ctx: &Arc<Context>, row: &AttemptRow, waits: Option<File>) {
    let store = ctx.store.clone();
    let (ctx, id, end) = (Arc::downgrade(ctx), row.id.clone(), row.expires_at);
    tokio::spawn(async move {
        wait_for(&ctx, &id, end).await;
        if waits.is_some() {
            store.drop_attempt_lock(&id);
        }
    });
}

async fn wait_for(ctx: &Weak<Context>, id: &AttemptId, end: Timestamp) {
    let Some(mut events) = ctx.upgrade().map(|ctx| ctx.events.subscribe()) else { return };
    loop {
        let Some(ctx) = ctx.upgrade() else { return };
        let left = Duration::try_from(ctx.now().duration_until(end)).unwrap_or_default();
        if left.is_zero() {
            if let Err(error) = time_out(&ctx, id) {
                tracing::warn!(%error, "an attempt could not be ended");
            }
            return;
        }
        let waits = ctx.store.read(|c| grapnel_store::attempt::get(c, id));
        if waits.is_ok_and(|row| row.is_none_or(|row| row.phase != Phase::Waiting)) {
            return;
        }
        drop(ctx);
        let _ = tokio::time::timeout(left.min(WALL_CLOCK_CHECK_INTERVAL), next_event(&mut events, id)).await;
    }
}

/// Waits for an event about an attempt, or until events were missed.
async fn next_event(events: &mut Receiver<Event>, id: &AttemptId) {
    loop {
        match events.recv().await {
            Ok(Event::Attempt(attempt)) if attempt.id == *id => return,
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
