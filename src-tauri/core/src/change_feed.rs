//! What another process wrote, told as what happened: only that is read again.

use std::sync::Arc;

use grapnel_model::error::{Code, Result};
use grapnel_model::event::Event;
use grapnel_store::change_log::{self, Change};

use crate::authorize;
use crate::env::Env;

/// If more was written at once, everything is read again.
const MANY: usize = 256;

/// Follows what other processes write, for as long as there is anyone to tell.
pub(crate) fn follow(env: &Arc<Env>) -> Result<()> {
    let mut others = env.store.watch_changes()?;
    let mut last = env.store.read(change_log::last)?;
    let env = Arc::downgrade(env);
    tokio::spawn(async move {
        loop {
            others.changed().await;
            let Some(env) = env.upgrade() else { return };
            if let Err(error) = tell(&env, &mut last) {
                tracing::warn!(%error, "what another process wrote is not known");
                env.tell(Event::Elsewhere);
            }
        }
    });
    Ok(())
}

/// Tells what was written since `last`. What this process wrote is among it, and harmless.
fn tell(env: &Env, last: &mut i64) -> Result<()> {
    let read = env.store.read(|c| Ok((change_log::since(c, *last, MANY + 1)?, change_log::last(c)?)));
    let (changes, now) = read?;
    *last = now;
    if changes.len() > MANY {
        env.tell(Event::Elsewhere);
        return Ok(());
    }
    for change in changes {
        match change {
            Change::Connection(id) => env.tell(Event::Connection(id)),
            Change::Attempt(id) => match authorize::get(env, &id) {
                Ok(attempt) => env.tell(Event::Attempt(Box::new(attempt))),
                // It is gone, and what is gone cannot be told of.
                Err(error) if error.code == Code::NotFound => env.tell(Event::Elsewhere),
                Err(error) => return Err(error),
            },
            Change::Apps => env.tell(Event::Apps),
            Change::Settings => env.tell(Event::Settings),
            Change::Other => env.tell(Event::Elsewhere),
        }
    }
    env.tell(Event::Activity);
    Ok(())
}
