//! Word between processes that share the data: whoever has written touches a file, and whoever watches that file
//! looks. (The database's own files would not do: they change before what was written can be read.)

use std::fs::OpenOptions;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use grapnel_model::error::Result;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::database::Store;
use crate::failure::failed;
use crate::locks;
use crate::locks::PRESENCE;

/// What other processes write. The operating system wakes it: it asks nobody in between.
pub struct Others {
    store: Store,
    /// SQLite’s own count of what others wrote.
    seen: i64,
    touched: Arc<Notify>,
    _watcher: RecommendedWatcher,
}

impl Others {
    /// Waits until another process has written.
    pub async fn wrote(&mut self) {
        loop {
            self.touched.notified().await;
            // This process touches the file as well. A database that cannot be read is told by whoever reads it.
            let Ok(now) = self.store.writes_of_others() else { continue };
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

impl Store {
    /// What other processes write from now on. Needs the presence of this one.
    pub fn others(&self) -> Result<Others> {
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
        Ok(Others { store: self.clone(), seen: self.writes_of_others()?, touched, _watcher: watcher })
    }

    /// Lets other processes know that something was written. One that is not told reads it later.
    pub fn touch(&self) {
        let file = OpenOptions::new().append(true).open(self.home.join(PRESENCE));
        if let Err(error) = file.and_then(|file| file.set_modified(SystemTime::now())) {
            tracing::debug!(%error, "other processes are not told");
        }
    }

    /// Changes when another connection to the database has committed something, and only then. By the one that
    /// writes, since to any other connection of this process what that writes is another's.
    fn writes_of_others(&self) -> Result<i64> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let version = connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        version.map_err(|error| failed(&error))
    }
}
