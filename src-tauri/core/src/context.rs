//! The shared state of all operations: store, vault, HTTP client, clock and events.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

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
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, broadcast};

use crate::team_session::TeamSessions;

/// How many events are queued for a slow listener before the oldest are dropped.
const EVENT_QUEUE_CAPACITY: usize = 1024;

/// A new grant that could not be stored. This is its only copy.
#[derive(Clone)]
pub(crate) struct UnsavedGrant {
    /// The connection as it was when it was refreshed.
    pub(crate) row: ConnectionRow,
    pub(crate) grant: SealedGrant,
    /// Why it could not be stored.
    pub(crate) error: Error,
    /// Keeps other processes from refreshing with the token that this grant replaced.
    pub(crate) refresh_lock: Arc<File>,
}

pub(crate) struct Context {
    pub(crate) store: Store,
    /// The cached content.
    pub(crate) cache: Cache,
    pub(crate) vault: Vault,
    pub(crate) http: Client,
    /// The system clock, for the times of events.
    pub(crate) clock: Arc<dyn Clock>,
    /// The corrected clock, for the expiry of tokens.
    pub(crate) time: Arc<CorrectedClock>,
    pub(crate) events: broadcast::Sender<Event>,
    /// When the window was used last, by the system clock.
    last_input: Mutex<Timestamp>,
    /// Whether the vault was locked by the person or by a setting, and not unlocked since.
    locked_on_purpose: AtomicBool,
    refresh_locks: Mutex<HashMap<ConnectionId, Arc<AsyncMutex<()>>>>,
    /// The databases of teams that this process has open.
    pub(crate) teams: TeamSessions,
    derivation_locks: Mutex<HashMap<ConnectionId, Arc<AsyncMutex<()>>>>,
    unsaved: Mutex<HashMap<ConnectionId, UnsavedGrant>>,
    /// Held while exchanges are added to the history, so that those of many refreshes take their locks in turn.
    pub(crate) history: Arc<AsyncMutex<()>>,
    /// The lock that announces this process; set once it has entered.
    presence: OnceLock<Presence>,
    /// Read-locked by work that must not be interrupted.
    work: Arc<RwLock<()>>,
    /// Read-locked while a browser waits for the last page of its sign-in.
    pages: Arc<RwLock<()>>,
}

impl Context {
    pub(crate) fn new(store: Store, keyring: Arc<dyn Keyring>, clock: Arc<dyn Clock>) -> Self {
        let events = broadcast::channel(EVENT_QUEUE_CAPACITY).0;
        let watchers = events.clone();
        let vault = Vault::new(keyring, store.clone(), move |error| {
            let _ = watchers.send(Event::Vault(error));
        });
        let time = Arc::new(CorrectedClock::new(Arc::clone(&clock)));
        let http = Client::new(Arc::clone(&time));
        let last_input = Mutex::new(clock.now());
        Self {
            cache: store.cache(),
            store,
            vault,
            http,
            clock,
            time,
            events,
            last_input,
            locked_on_purpose: AtomicBool::default(),
            refresh_locks: Mutex::default(),
            teams: TeamSessions::default(),
            derivation_locks: Mutex::default(),
            presence: OnceLock::new(),
            unsaved: Mutex::default(),
            history: Arc::default(),
            work: Arc::default(),
            pages: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn last_input(&self) -> Timestamp {
        *self.last_input.lock()
    }

    /// Whether the vault was locked by the person or by a setting, and not unlocked since.
    pub(crate) fn is_locked_on_purpose(&self) -> bool {
        self.locked_on_purpose.load(Ordering::Relaxed)
    }

    pub(crate) fn set_locked_on_purpose(&self, is_locked: bool) {
        self.locked_on_purpose.store(is_locked, Ordering::Relaxed);
    }

    /// Records that the window is being used.
    pub(crate) fn record_input(&self) {
        *self.last_input.lock() = self.now();
    }

    /// Loads the clock offset that an earlier run has measured.
    pub(crate) fn load_clock_offset(&self) -> Result<()> {
        self.store.read(store::clock::offset).map(|offset| self.time.remember(offset))
    }

    /// Stores the clock offset, in the transaction of the tokens whose expiry was computed with it.
    pub(crate) fn save_clock_offset(&self, tx: &rusqlite::Transaction<'_>) -> rusqlite::Result<()> {
        store::clock::keep(tx, self.time.offset())
    }

    /// Announces this process, after running `recover` if it is the only one.
    pub(crate) fn enter(&self, recover: impl FnOnce() -> Result<()>) -> Result<()> {
        let presence = self.store.enter(recover)?;
        tracing::debug!(presence.is_alone, "entered");
        // Only opening enters, and it does so once.
        let _ = self.presence.set(presence);
        Ok(())
    }

    /// Emits an event. Having no listeners is fine.
    pub(crate) fn emit(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

impl Context {
    /// The lock for refreshing a connection within this process.
    pub(crate) fn refresh_lock(&self, id: &ConnectionId) -> Arc<AsyncMutex<()>> {
        let mut locks = self.refresh_locks.lock();
        Arc::clone(locks.entry(id.clone()).or_default())
    }

    /// The lock for deriving tokens from a connection within this process.
    pub(crate) fn derivation_lock(&self, id: &ConnectionId) -> Arc<AsyncMutex<()>> {
        let mut locks = self.derivation_locks.lock();
        Arc::clone(locks.entry(id.clone()).or_default())
    }

    /// Whether a connection is being refreshed now.
    pub(crate) fn is_refreshing(&self, id: &ConnectionId) -> bool {
        let locks = self.refresh_locks.lock();
        locks.get(id).is_some_and(|lock| lock.try_lock().is_err())
    }

    /// Keeps a grant in memory that could not be stored.
    pub(crate) fn keep_unsaved(&self, grant: UnsavedGrant) {
        let mut unsaved = self.unsaved.lock();
        unsaved.insert(grant.row.id.clone(), grant);
    }

    /// The unsaved grant of a connection, if there is one. It is kept until [`Self::drop_unsaved`].
    pub(crate) fn unsaved(&self, id: &ConnectionId) -> Option<UnsavedGrant> {
        self.unsaved.lock().get(id).cloned()
    }

    /// Like [`Self::unsaved`], if the connection still has the grant that the unsaved one replaces.
    pub(crate) fn unsaved_of(&self, id: &ConnectionId, version: i64) -> Option<UnsavedGrant> {
        self.unsaved(id).filter(|unsaved| unsaved.row.version == version)
    }

    /// The connections with an unsaved grant, as they were when they were refreshed.
    pub(crate) fn unsaved_connections(&self) -> Vec<ConnectionRow> {
        let unsaved = self.unsaved.lock();
        unsaved.values().map(|unsaved| unsaved.row.clone()).collect()
    }

    /// Drops an unsaved grant: it is stored, or no longer wanted.
    pub(crate) fn drop_unsaved(&self, id: &ConnectionId) {
        self.unsaved.lock().remove(id);
    }

    /// Announces uninterruptible work that encrypts values and stores them; lasts as long as the guards are held. Waits
    /// while another process re-keys the vault.
    pub(crate) async fn begin_sealed_write(&self) -> Result<(OwnedRwLockReadGuard<()>, File)> {
        let busy = self.begin_uninterruptible().await;
        Ok((busy, self.vault_shared_lock().await?))
    }

    /// Keeps other processes from re-keying the vault. Unlike [`Self::begin_sealed_write`], it may be taken within
    /// uninterruptible work.
    pub(crate) async fn vault_shared_lock(&self) -> Result<File> {
        let store = self.store.clone();
        let shared = tokio::task::spawn_blocking(move || store.vault_shared_lock()).await;
        let interrupted = |_| Error::new(Code::Internal, "Waiting for the vault was interrupted.");
        shared.map_err(interrupted)?
    }

    /// Announces uninterruptible work for as long as the guard is held. The locks of a connection, of the process, the
    /// data and the team, are taken before it: who waits for one within this work, while the program waits for the work
    /// to end, waits for a holder that cannot go on.
    pub(crate) async fn begin_uninterruptible(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.work).read_owned().await
    }

    /// Like [`Self::begin_uninterruptible`], unless the program waits for such work to end.
    pub(crate) fn try_begin_uninterruptible(&self) -> Option<OwnedRwLockReadGuard<()>> {
        Arc::clone(&self.work).try_read_owned().ok()
    }

    /// Announces that a browser waits for a page, for as long as the guard is held.
    pub(crate) async fn page(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.pages).read_owned().await
    }

    /// Waits until no browser waits for a page.
    pub(crate) async fn pages_shown(&self) {
        drop(self.pages.write().await);
    }

    /// Waits until no uninterruptible work is in progress; none starts while the guard is held.
    pub(crate) async fn idle(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.work).write_owned().await
    }
}
