//! What was browsed, in a database of its own: a list of 100,000 posts takes seconds to write, and no rotated token
//! may wait for that. It can be had again, so a file that is damaged or of another version is replaced.

mod failure;
mod keep;
mod list;
mod posts;
mod search;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use grapnel_model::content::PostQuery;
use grapnel_model::error::{Code, Error, Result};
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use failure::Failed;
pub use keep::{Entry, forget, keep};
pub use list::{List, Of, get, one, sizes};
pub use posts::{bodies, lines, months};
pub use search::find;

use crate::open;

/// The database, in the data directory.
const FILE: &str = "content.db";
/// The version of its schema, and of what is made of a body: of one that came before, that is kept.
const VERSION: i64 = 2;
/// How much of the file is read in place: the entries of 100,000 posts, several times.
const MAPPED: i64 = 256 << 20;

/// The cache, opened at its first use. All clones are one.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    home: PathBuf,
    reader: Mutex<Option<Connection>>,
    /// The last selection: a window asks for it page by page.
    selected: Mutex<Option<Selected>>,
}

/// The rows of a list that a query selects.
#[derive(Clone)]
struct Selected {
    list: i64,
    query: PostQuery,
    ids: Arc<[i64]>,
}

impl Cache {
    /// The cache in a data directory. Nothing is opened yet.
    pub fn in_home(home: &Path) -> Self {
        let home = home.to_owned();
        Self(Arc::new(Inner { home, reader: Mutex::default(), selected: Mutex::default() }))
    }

    /// Reads, off the asynchronous threads.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let read = apart(move || {
            let mut reader = inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *reader {
                Some(connection) => read(connection),
                none => read(none.insert(opened(&inner.home)?)),
            }
        });
        Ok(read.await??)
    }

    /// Writes all of it or nothing, off the asynchronous threads and beside whoever reads.
    pub async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let written = apart(move || {
            let mut connection = opened(&inner.home)?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = write(&transaction)?;
            transaction.commit()?;
            Ok::<_, Failed>(written)
        });
        Ok(written.await??)
    }

    /// Deletes everything of a connection, and leaves no trace of it in the file.
    pub async fn forget(&self, connection_id: &str) -> Result<()> {
        if !self.0.home.join(FILE).exists() {
            return Ok(());
        }
        let id = connection_id.to_owned();
        if !self.write(move |tx| Ok(forget(tx, &id)?)).await? {
            return Ok(());
        }
        let clean = |connection: &Connection| {
            // Words that were deleted stay where they were until they are merged with others.
            let words = "INSERT INTO words (words) VALUES ('optimize')";
            Ok(connection.execute_batch(&format!("{words}; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"))?)
        };
        self.read(clean).await
    }

    /// The rows of a list that `query` selects, in its order.
    pub async fn select(&self, list: &List, query: PostQuery) -> Result<Arc<[i64]>> {
        let before = self.0.selected.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(selected) = before
            && selected.list == list.id
            && selected.query == query
        {
            return Ok(selected.ids);
        }
        let (range, by) = (list.range(), query.clone());
        let ids: Arc<[i64]> =
            self.read(move |connection| posts::select(connection, range, &by)).await?.into();
        *self.0.selected.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Selected { list: list.id, query, ids: Arc::clone(&ids) });
        Ok(ids)
    }
}

/// Runs what blocks on a thread for that.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(Code::Internal, format!("Reading was broken off: {error}.")))
}

fn opened(home: &Path) -> rusqlite::Result<Connection> {
    let path = home.join(FILE);
    match settled(&path) {
        Err(error) if is_beyond_use(&error) => {
            tracing::warn!(%error, "what was read before is thrown away");
            for file in [FILE, "content.db-wal", "content.db-shm"] {
                let _ = std::fs::remove_file(home.join(file));
            }
            settled(&path)
        }
        settled => settled,
    }
}

fn settled(path: &Path) -> rusqlite::Result<Connection> {
    open::make_file(path).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(open::BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A crash of the machine may cost what was read last, which can be had again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "mmap_size", MAPPED)?;
    let version =
        |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    if version(&connection)? != VERSION {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Of two processes that find none, the second finds the one that the first has made.
        if version(&transaction)? != VERSION {
            transaction.execute_batch(
                "DROP TABLE IF EXISTS list; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS body;
                 DROP TABLE IF EXISTS words;",
            )?;
            transaction.execute_batch(include_str!("schema.sql"))?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    Ok(connection)
}

fn is_beyond_use(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(NotADatabase | DatabaseCorrupt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_none_or_of_another_version_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let count = |connection: &Connection| -> i64 {
            connection.query_row("SELECT count(*) FROM list", [], |row| row.get(0)).unwrap()
        };
        std::fs::write(home.path().join(FILE), "my shopping list, longer than a header ".repeat(40)).unwrap();
        assert_eq!(count(&opened(home.path()).unwrap()), 0);
        let newer = opened(home.path()).unwrap();
        newer.execute_batch("DROP TABLE list; PRAGMA user_version = 99").unwrap();
        assert_eq!(count(&opened(home.path()).unwrap()), 0);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let _open = opened(home.path()).unwrap();
        for file in ["content.db", "content.db-wal", "content.db-shm"] {
            let mode = std::fs::metadata(home.path().join(file)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{file}");
        }
    }
}
