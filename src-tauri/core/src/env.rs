//! What every operation stands on: the store, the vault, the HTTP client, the clock, and the way to say
//! that something changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Mutex as AsyncMutex, broadcast};

use crate::clock::Clock;
use crate::event::Event;
use crate::http::Client;
use crate::id::ConnectionId;
use crate::store::Store;
use crate::vault::{Keyring, Vault};

/// How many events may wait for a slow watcher before the oldest are dropped.
const EVENTS: usize = 1024;

pub(crate) struct Env {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) http: Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: broadcast::Sender<Event>,
    renewals: Mutex<HashMap<ConnectionId, Arc<AsyncMutex<()>>>>,
}

impl Env {
    pub(crate) fn new(store: Store, keyring: Arc<dyn Keyring>, clock: Arc<dyn Clock>) -> Self {
        let events = broadcast::channel(EVENTS).0;
        let watchers = events.clone();
        let vault = Vault::new(keyring, store.clone(), move |trouble| {
            let _ = watchers.send(Event::Vault(trouble));
        });
        let http = Client::default();
        Self { store, vault, http, clock, events, renewals: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Tells whoever watches. Nobody watching is no failure.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

impl Env {
    /// What is held while a connection is being renewed, so that nobody else renews it.
    pub(crate) fn renewal(&self, id: &ConnectionId) -> Arc<AsyncMutex<()>> {
        let mut renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(renewals.entry(id.clone()).or_default())
    }

    /// Whether a connection is being renewed right now.
    pub(crate) fn is_renewing(&self, id: &ConnectionId) -> bool {
        let renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        renewals.get(id).is_some_and(|renewal| renewal.try_lock().is_err())
    }
}
