//! Records refreshes as they begin and end: the core emits an event for each.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use grapnel_core::Grapnel;
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

/// After this time without an event, none is expected any more.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Hearing {
    events: Receiver<Event>,
    under_way: HashSet<ConnectionId>,
    /// When the first refresh of each connection ended.
    ended: HashMap<ConnectionId, Instant>,
}

impl Hearing {
    pub(super) fn of(grapnel: &Grapnel) -> Self {
        Self { events: grapnel.events(), under_way: HashSet::new(), ended: HashMap::new() }
    }

    /// Forgets earlier results.
    pub(super) fn begin(&mut self) {
        self.ended.clear();
    }

    /// Waits until refreshes of this number of connections have ended.
    pub(super) async fn until_ended(&mut self, count: usize) -> Result<()> {
        while self.ended.len() < count {
            self.next().await.with_context(|| format!("{} of {count} were tried", self.ended.len()))?;
        }
        Ok(())
    }

    /// Waits until all refreshes that began have ended.
    pub(super) async fn until_quiet(&mut self) -> Result<()> {
        self.catch_up()?;
        while !self.is_quiet() {
            self.next().await?;
        }
        Ok(())
    }

    /// Waits for an event.
    pub(super) async fn next(&mut self) -> Result<()> {
        let told =
            tokio::time::timeout(PATIENCE, self.events.recv()).await.context("nothing happens any more")?;
        self.take(told.context("more happened than could be heard")?);
        Ok(())
    }

    /// Takes the pending events; returns whether there were any.
    pub(super) fn catch_up(&mut self) -> Result<bool> {
        let mut heard = false;
        loop {
            match self.events.try_recv() {
                Ok(event) => self.take(event),
                Err(TryRecvError::Empty) => return Ok(heard),
                Err(error) => return Err(error).context("more happened than could be heard"),
            }
            heard = true;
        }
    }

    fn take(&mut self, event: Event) {
        let Event::Connection(id) = event else { return };
        if self.under_way.remove(&id) {
            self.ended.entry(id).or_insert_with(Instant::now);
        } else {
            self.under_way.insert(id);
        }
    }

    /// Whether all refreshes that began have ended.
    pub(super) fn is_quiet(&self) -> bool {
        self.under_way.is_empty()
    }

    /// When the first refresh of a connection ended.
    pub(super) fn ended(&self, id: &ConnectionId) -> Option<Instant> {
        self.ended.get(id).copied()
    }
}
