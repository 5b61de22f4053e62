//! Runs hooks as events happen, in this process and in others.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use grapnel_model::error::Result;
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_store::hook;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use super::claim;
use super::run::HookOutput;
use super::stored::{open, record_failure, run_and_record};
use crate::context::Context;

/// For how many connections hooks run at once.
const MAX_RUNNING: usize = 4;

/// Runs hooks until the future is dropped. What happened while no process did this is made up for.
///
/// The queue is the set of connections that may have changed. Events are derived when a connection's turn comes: what
/// happens to it meanwhile is one event of each kind, and a connection's hooks run one after the other.
pub(crate) async fn follow(ctx: Arc<Context>) {
    let mut events = ctx.events.subscribe();
    let mut queue = Queue::default();
    queue.add_all(&ctx);
    loop {
        queue.start(&ctx);
        tokio::select! {
            Some(ended) = queue.tasks.join_next() => queue.ended(ended.ok()),
            event = events.recv() => match event {
                Ok(Event::Connection(id)) => queue.add(&ctx, id),
                // The vault opens again, connections may have been removed with their app, or events were missed.
                Ok(Event::Vault(None) | Event::Apps | Event::ChangedElsewhere) | Err(RecvError::Lagged(_)) => {
                    queue.add_all(&ctx);
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

#[derive(Default)]
struct Queue {
    waiting: BTreeSet<ConnectionId>,
    running: HashSet<ConnectionId>,
    tasks: JoinSet<ConnectionId>,
}

impl Queue {
    fn add(&mut self, ctx: &Context, id: ConnectionId) {
        if ctx.store.read(hook::is_any).unwrap_or_default() {
            self.waiting.insert(id);
        }
    }

    fn add_all(&mut self, ctx: &Context) {
        let found = ctx.store.read(|c| if hook::is_any(c)? { hook::connections(c) } else { Ok(Vec::new()) });
        match found {
            Ok(found) => self.waiting.extend(found),
            Err(error) => tracing::warn!(%error, "hooks may not run"),
        }
    }

    fn start(&mut self, ctx: &Arc<Context>) {
        // A vault that is known to be closed is not tried again: its keyring could prompt each time. Once it opens,
        // every connection is looked at.
        if ctx.vault.error().is_some() {
            self.waiting.clear();
        }
        while self.running.len() < MAX_RUNNING {
            let Some(id) = self.waiting.iter().find(|id| !self.running.contains(*id)).cloned() else {
                return;
            };
            self.waiting.remove(&id);
            match claim::is_due(ctx, &id) {
                Ok(false) => {}
                Ok(true) => {
                    self.running.insert(id.clone());
                    let ctx = Arc::clone(ctx);
                    self.tasks.spawn(async move {
                        if let Err(error) = run_for(&ctx, &id).await {
                            tracing::warn!(%error, "hooks did not run");
                        }
                        id
                    });
                }
                Err(error) => tracing::warn!(%error, "hooks do not run"),
            }
        }
    }

    fn ended(&mut self, id: Option<ConnectionId>) {
        match id {
            Some(id) => drop(self.running.remove(&id)),
            // A task that panicked does not say which it was.
            None if self.tasks.is_empty() => self.running.clear(),
            None => {}
        }
    }
}

/// Claims what happened to a connection, and runs its hooks.
async fn run_for(ctx: &Context, id: &ConnectionId) -> Result<()> {
    // First, since a vault that does not open must leave the events to another process, or to a later time.
    let mut hooks = Vec::new();
    for row in ctx.store.read(hook::all)? {
        hooks.push((open(ctx, &row).await?, row.id));
    }
    for event in claim::claim(ctx, id)? {
        for (command, hook) in &hooks {
            match command {
                Some(command) if command.event == event.event => {
                    run_and_record(ctx, hook, command, &event, HookOutput::Discard).await?;
                }
                Some(_) => {}
                None => {
                    let text = "A hook was not run: its stored command could not be verified, so another program may \
                        have changed it. Remove the hook, and add it again.";
                    record_failure(ctx, hook, text, &event)?;
                }
            }
        }
    }
    Ok(())
}
