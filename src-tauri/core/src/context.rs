//! What every operation stands on: the store, the vault, the HTTP client, the clock, and the way to say
//! that something changed.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::ConnectionId;
use grapnel_oauth::clock::{Clock, CorrectedClock};
use grapnel_oauth::http::Client;
use grapnel_store::cache::Cache;
use grapnel_store::connection::{ConnectionRow, SealedGrant};
use grapnel_store::vault::{Keyring, Vault};
use grapnel_store::{self as store, Presence, Store};
use jiff::Timestamp;
use tokio::sync::{Mutex as AsyncMutex, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, broadcast};

/// How many events may wait for a slow watcher before the oldest are dropped.
const EVENTS: usize = 1024;

/// A new grant that the store did not take: the only copy there is.
#[derive(Clone)]
pub(crate) struct UnsavedGrant {
    /// The connection as it was when it was renewed.
    pub(crate) row: ConnectionRow,
    pub(crate) grant: SealedGrant,
    /// Why the store did not take it.
    pub(crate) error: Error,
    /// Keeps other processes from renewing with the token that this grant replaced.
    pub(crate) alone: Arc<File>,
}

pub(crate) struct Context {
    pub(crate) store: Store,
    /// What was browsed.
    pub(crate) cache: Cache,
    pub(crate) vault: Vault,
    pub(crate) http: Client,
    /// The machine's clock: when things happen.
    pub(crate) clock: Arc<dyn Clock>,
    /// The same, corrected: when tokens end.
    pub(crate) time: Arc<CorrectedClock>,
    pub(crate) events: broadcast::Sender<Event>,
    renewals: Mutex<HashMap<ConnectionId, Arc<AsyncMutex<()>>>>,
    unsaved: Mutex<HashMap<ConnectionId, UnsavedGrant>>,
    /// That this process is at work on the data; set once it has entered.
    presence: OnceLock<Presence>,
    /// Held for reading by work that must not be broken off.
    work: Arc<RwLock<()>>,
    /// Held for reading while a browser waits for the page that ends its sign-in.
    pages: Arc<RwLock<()>>,
}

impl Context {
    pub(crate) fn new(store: Store, keyring: Arc<dyn Keyring>, clock: Arc<dyn Clock>) -> Self {
        let events = broadcast::channel(EVENTS).0;
        let watchers = events.clone();
        let vault = Vault::new(keyring, store.clone(), move |error| {
            let _ = watchers.send(Event::Vault(error));
        });
        let time = Arc::new(CorrectedClock::new(Arc::clone(&clock)));
        let http = Client::new(Arc::clone(&time));
        Self {
            cache: store.cache(),
            store,
            vault,
            http,
            clock,
            time,
            events,
            renewals: Mutex::default(),
            presence: OnceLock::new(),
            unsaved: Mutex::default(),
            work: Arc::default(),
            pages: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Takes over by how much an earlier run found the machine's clock to be wrong.
    pub(crate) fn load_clock_offset(&self) -> Result<()> {
        self.store.read(store::clock::offset).map(|offset| self.time.remember(offset))
    }

    /// Keeps it for the next one, with the tokens whose end was reckoned by it.
    pub(crate) fn save_clock_offset(&self, tx: &rusqlite::Transaction<'_>) -> rusqlite::Result<()> {
        store::clock::keep(tx, self.time.offset())
    }

    /// Makes this process's presence known, after `settle` if it is alone.
    pub(crate) fn enter(&self, settle: impl FnOnce() -> Result<()>) -> Result<()> {
        let presence = self.store.enter(settle)?;
        tracing::debug!(presence.is_alone, "entered");
        // Only opening enters, and it does so once.
        let _ = self.presence.set(presence);
        Ok(())
    }

    /// Tells whoever watches. Nobody watching is no failure.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

impl Context {
    /// What is held while a connection is being renewed, so that nobody else renews it.
    pub(crate) fn renewal(&self, id: &ConnectionId) -> Arc<AsyncMutex<()>> {
        let mut renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(renewals.entry(id.clone()).or_default())
    }

    /// Whether a connection is being renewed right now.
    pub(crate) fn is_refreshing(&self, id: &ConnectionId) -> bool {
        let renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        renewals.get(id).is_some_and(|renewal| renewal.try_lock().is_err())
    }

    /// Keeps a grant in memory that the store did not take.
    pub(crate) fn keep_unsaved(&self, grant: UnsavedGrant) {
        let mut unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
        unsaved.insert(grant.row.id.clone(), grant);
    }

    /// A grant that the store did not take before. It stays here until [`Self::drop_unsaved`].
    pub(crate) fn unsaved(&self, id: &ConnectionId) -> Option<UnsavedGrant> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// The same, where the connection still holds what that grant replaces.
    pub(crate) fn unsaved_of(&self, id: &ConnectionId, version: i64) -> Option<UnsavedGrant> {
        self.unsaved(id).filter(|unsaved| unsaved.row.version == version)
    }

    /// The connections that have such a grant, as they were when they were renewed.
    pub(crate) fn unsaved_connections(&self) -> Vec<ConnectionRow> {
        let unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
        unsaved.values().map(|unsaved| unsaved.row.clone()).collect()
    }

    /// Drops it: it is stored now, or nobody wants it any more.
    pub(crate) fn drop_unsaved(&self, id: &ConnectionId) {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Says that work goes on which must not be broken off, and that what is sealed is not stored yet, for as long
    /// as the answer is held. Waits while another process moves the vault.
    pub(crate) async fn at_work(&self) -> Result<(OwnedRwLockReadGuard<()>, File)> {
        let busy = self.busy().await;
        let store = self.store.clone();
        let shared = tokio::task::spawn_blocking(move || store.vault_shared_lock()).await;
        let broken_off = |_| Error::new(Code::Internal, "Waiting for the vault was broken off.");
        Ok((busy, shared.map_err(broken_off)??))
    }

    /// Says that work goes on which must not be broken off, for as long as the answer is held.
    pub(crate) async fn busy(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.work).read_owned().await
    }

    /// Says that a browser waits for a page, for as long as the answer is held.
    pub(crate) async fn page(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.pages).read_owned().await
    }

    /// Waits until no browser waits for a page.
    pub(crate) async fn pages_shown(&self) {
        drop(self.pages.write().await);
    }

    /// Waits until no such work goes on; none begins while the answer is held.
    pub(crate) async fn idle(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.work).write_owned().await
    }
}
