//! Ends an attempt that nobody answers in time.

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
use crate::env::Env;

/// How often the wall clock is looked at while someone is expected: timers stand still while a machine sleeps.
const WALL_CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// Waits for the end of the attempt's time, and then ends it if nothing else has. `waits` shows other processes that
/// this one waits for it.
pub(crate) fn watch(env: &Arc<Env>, row: &AttemptRow, waits: Option<File>) {
    let store = env.store.clone();
    let (env, id, end) = (Arc::downgrade(env), row.id.clone(), row.expires_at);
    tokio::spawn(async move {
        wait_for(&env, &id, end).await;
        if waits.is_some() {
            store.drop_attempt_lock(&id);
        }
    });
}

async fn wait_for(env: &Weak<Env>, id: &AttemptId, end: Timestamp) {
    let Some(mut events) = env.upgrade().map(|env| env.events.subscribe()) else { return };
    loop {
        let Some(env) = env.upgrade() else { return };
        let left = Duration::try_from(env.now().duration_until(end)).unwrap_or_default();
        if left.is_zero() {
            if let Err(error) = time_out(&env, id) {
                tracing::warn!(%error, "an attempt could not be ended");
            }
            return;
        }
        let waits = env.store.read(|c| grapnel_store::attempt::get(c, id));
        if waits.is_ok_and(|row| row.is_none_or(|row| row.phase != Phase::Waiting)) {
            return;
        }
        drop(env);
        let _ = tokio::time::timeout(left.min(WALL_CLOCK_CHECK_INTERVAL), told_of(&mut events, id)).await;
    }
}

/// Waits until something is told of an attempt, or may have been missed.
async fn told_of(events: &mut Receiver<Event>, id: &AttemptId) {
    loop {
        match events.recv().await {
            Ok(Event::Attempt(attempt)) if attempt.id == *id => return,
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
