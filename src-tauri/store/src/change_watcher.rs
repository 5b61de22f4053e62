//! Notifies the processes that share a database of each other's commits: each writer touches a file that the others
//! watch. The database's own files are unsuitable: they change before a commit is visible.

use std::fs::OpenOptions;
use std::sync::Arc;
use std::time::SystemTime;

use grapnel_model::error::Result;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::database::Store;
use crate::failure::failed;
use crate::locks;
use crate::locks::PRESENCE;

/// Waits for commits of other processes, by file notification rather than polling.
pub struct ChangeWatcher {
    store: Store,
    /// The last `PRAGMA data_version`.
    seen: i64,
    touched: Arc<Notify>,
    _watcher: RecommendedWatcher,
}

impl ChangeWatcher {
    /// Waits until another process has committed.
    pub async fn changed(&mut self) {
        loop {
            self.touched.notified().await;
            // This process touches the file too. An unreadable database is reported by the next read.
            let Ok(now) = self.store.data_version() else { continue };
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

impl Store {
    /// Starts watching for commits of other processes. Requires [`Store::enter`].
    pub fn watch_changes(&self) -> Result<ChangeWatcher> {
        let touched = Arc::new(Notify::new());
        let told = Arc::clone(&touched);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| event.kind.is_modify()) {
                told.notify_one();
            }
        });
        let watching = watcher.and_then(|mut watcher| {
            watcher.watch(&self.home.join(PRESENCE), RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let watcher = watching.map_err(|error| locks::failed(&std::io::Error::other(error)))?;
        Ok(ChangeWatcher { store: self.clone(), seen: self.data_version()?, touched, _watcher: watcher })
    }

    /// Notifies the watchers in other processes of a commit. Without it they see the change later.
    pub fn notify_watchers(&self) {
        let file = OpenOptions::new().append(true).open(self.home.join(PRESENCE));
        if let Err(error) = file.and_then(|file| file.set_modified(SystemTime::now())) {
            tracing::debug!(%error, "other processes could not be notified");
        }
    }

    /// `PRAGMA data_version` of the writer connection, which changes only with commits of other connections. A reader
    /// connection would also count this process's commits.
    fn data_version(&self) -> Result<i64> {
        let connection = self.connection.lock();
        let version = connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        version.map_err(|error| failed(&error))
    }
}
