//! The content cache, in a database of its own: a list of 100,000 posts takes seconds to write, which must not delay
//! storing a rotated refresh token. The content can be fetched again, so a file that is damaged or has another version
//! is replaced.

mod error;
mod list;
mod posts;
mod replace_list;
mod search;
mod titles;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use grapnel_model::content::{PostQuery, filled};
use grapnel_model::error::{Code, Error, Result};
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use error::CacheError;
pub use list::{List, ListKey, get, one, sizes};
pub use posts::{bodies, lines, months};
pub use replace_list::{Entry, forget, replace_list};
pub use search::find;
use titles::Titles;

use crate::open;

/// The file name of the cache in the data directory.
const FILE: &str = "content.db";
/// The version of the schema and of how a body is parsed: the parsed columns of an unchanged body are reused.
const SCHEMA_VERSION: i64 = 2;
/// How much of the file is memory-mapped: several times the entries of 100,000 posts.
const MMAP_BYTES: i64 = 256 << 20;
/// How many selections are kept: of 100,000 posts, each takes 800 kB.
const MAX_SELECTIONS: usize = 4;

/// The cache, opened at its first use. Clones share it.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    home: PathBuf,
    reader: Mutex<Option<Connection>>,
    /// The last selections, the newest last: a window asks for them in pages, and again when a filter is cleared.
    selected: Mutex<Vec<Selected>>,
    /// The titles of one list, the last that was filtered by them or read ahead: 100,000 take 7 MB.
    titles: Mutex<Option<Titles>>,
}

/// The rows of a list that a query selects.
struct Selected {
    list: i64,
    query: PostQuery,
    ids: Arc<[i64]>,
}

impl Cache {
    /// The cache in a data directory. Opens nothing yet.
    pub fn in_home(home: &Path) -> Self {
        let home = home.to_owned();
        let (reader, selected, titles) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { home, reader, selected, titles }))
    }

    /// Reads on a blocking thread.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, CacheError> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let read = run_blocking(move || {
            let mut reader = inner.reader.lock();
            match &mut *reader {
                Some(connection) => read(connection),
                none => read(none.insert(open_cache(&inner.home)?)),
            }
        });
        Ok(read.await??)
    }

    /// Writes in one transaction on a blocking thread. Does not block readers.
    pub async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, CacheError> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let written = run_blocking(move || {
            let mut connection = open_cache(&inner.home)?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = write(&transaction)?;
            transaction.commit()?;
            Ok::<_, CacheError>(written)
        });
        Ok(written.await??)
    }

    /// Deletes everything of a connection, and its traces in the file.
    pub async fn forget(&self, connection_id: &str) -> Result<()> {
        if !self.0.home.join(FILE).exists() {
            return Ok(());
        }
        let id = connection_id.to_owned();
        if !self.write(move |tx| Ok(forget(tx, &id)?)).await? {
            return Ok(());
        }
        let inner = Arc::clone(&self.0);
        let clean = move |connection: &Connection| {
            *inner.titles.lock() = None;
            // FTS5 keeps deleted words until it merges segments.
            let words = "INSERT INTO words (words) VALUES ('optimize')";
            Ok(connection.execute_batch(&format!("{words}; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"))?)
        };
        self.read(clean).await
    }

    /// The rows of a list that `query` selects, in its order.
    pub async fn select(&self, list: &List, query: PostQuery) -> Result<Arc<[i64]>> {
        if let Some(ids) = self.selected(list.id, &query) {
            return Ok(ids);
        }
        let (range, by) = (list.range(), query.clone());
        let any_title = PostQuery { title: None, ..query.clone() };
        let all = filled(&query.title).and_then(|_| self.selected(list.id, &any_title));
        let (list_id, inner) = (list.id, Arc::clone(&self.0));
        let select = move |connection: &Connection| match (by.title.as_deref(), all) {
            (Some(part), Some(all)) => {
                Ok(inner.with_titles(connection, list_id, range, |titles| titles.containing(part, &all))?)
            }
            _ => posts::select(connection, range, &by),
        };
        let ids: Arc<[i64]> = self.read(select).await?.into();
        let mut selected = self.0.selected.lock();
        // Another task may have made the same selection meanwhile.
        selected.retain(|one| one.list != list.id || one.query != query);
        if selected.len() >= MAX_SELECTIONS {
            selected.remove(0);
        }
        selected.push(Selected { list: list.id, query, ids: Arc::clone(&ids) });
        Ok(ids)
    }

    /// Reads the titles of a list, so that the first search in it takes no longer than the next.
    pub async fn read_titles(&self, list: &List) -> Result<()> {
        let (list_id, range, inner) = (list.id, list.range(), Arc::clone(&self.0));
        self.read(move |connection| Ok(inner.with_titles(connection, list_id, range, |_| ())?)).await
    }

    /// An earlier selection, which becomes the newest.
    fn selected(&self, list: i64, query: &PostQuery) -> Option<Arc<[i64]>> {
        let mut selected = self.0.selected.lock();
        let at = selected.iter().position(|one| one.list == list && one.query == *query)?;
        selected[at..].rotate_left(1);
        selected.last().map(|newest| Arc::clone(&newest.ids))
    }
}

impl Inner {
    /// Calls `with` with the titles of a list. They are kept under the lock of `reader`, which `forget` takes after it
    /// has deleted: they end with their list.
    fn with_titles<T>(
        &self,
        reader: &Connection,
        list: i64,
        range: (i64, i64),
        with: impl FnOnce(&Titles) -> T,
    ) -> rusqlite::Result<T> {
        let mut titles = self.titles.lock();
        let kept = titles.take().filter(|kept| kept.are_of(list, range));
        let kept = kept.map_or_else(|| Titles::read(reader, list, range), Ok)?;
        Ok(with(titles.insert(kept)))
    }
}

/// Runs `work` on a blocking thread.
pub async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(Code::Internal, format!("Reading was interrupted: {error}.")))
}

fn open_cache(home: &Path) -> rusqlite::Result<Connection> {
    let path = home.join(FILE);
    match configure(&path) {
        Err(error) if is_unreadable(&error) => {
            tracing::warn!(%error, "the content cache is unusable and is replaced");
            for file in [FILE, "content.db-wal", "content.db-shm"] {
                let _ = std::fs::remove_file(home.join(file));
            }
            configure(&path)
        }
        settled => settled,
    }
}

fn configure(path: &Path) -> rusqlite::Result<Connection> {
    open::make_file(path).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(open::BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power failure may lose the last write, which can be fetched again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "mmap_size", MMAP_BYTES)?;
    let version =
        |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    if version(&connection)? != SCHEMA_VERSION {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Of two processes that find no schema, the second finds the one that the first has created.
        if version(&transaction)? != SCHEMA_VERSION {
            transaction.execute_batch(
                "DROP TABLE IF EXISTS list; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS body;
                 DROP TABLE IF EXISTS words;",
            )?;
            transaction.execute_batch(include_str!("cache/schema.sql"))?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        transaction.commit()?;
    }
    Ok(connection)
}

fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(NotADatabase | DatabaseCorrupt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_or_outdated_cache_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let count = |connection: &Connection| -> i64 {
            connection.query_row("SELECT count(*) FROM list", [], |row| row.get(0)).unwrap()
        };
        std::fs::write(home.path().join(FILE), "my shopping list, longer than a header ".repeat(40)).unwrap();
        assert_eq!(count(&open_cache(home.path()).unwrap()), 0);
        let newer = open_cache(home.path()).unwrap();
        newer.execute_batch("DROP TABLE list; PRAGMA user_version = 99").unwrap();
        assert_eq!(count(&open_cache(home.path()).unwrap()), 0);
    }

    #[tokio::test]
    async fn the_last_selections_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::in_home(home.path());
        let list = ListKey {
            connection_id: "c".into(),
            kind: "posts".into(),
            within: "p".into(),
            ..ListKey::default()
        };
        let query = |title: usize| PostQuery { title: Some(title.to_string()), ..PostQuery::default() };
        let list = cache
            .write(move |tx| {
                let read = |body: &String| {
                    Some(Entry { key: body.clone(), title: body.clone(), ..Entry::default() })
                };
                let bodies = (0..=MAX_SELECTIONS).map(|body| body.to_string());
                replace_list(tx, &list, jiff::Timestamp::UNIX_EPOCH, bodies, read)?;
                Ok(get(tx, &list)?.unwrap())
            })
            .await
            .unwrap();
        let first = cache.select(&list, query(0)).await.unwrap();
        for title in 1..MAX_SELECTIONS {
            assert_eq!(cache.select(&list, query(title)).await.unwrap().len(), 1);
        }
        // It is the newest now, and the second one makes room.
        assert!(Arc::ptr_eq(&first, &cache.select(&list, query(0)).await.unwrap()));
        cache.select(&list, query(MAX_SELECTIONS)).await.unwrap();
        assert!(Arc::ptr_eq(&first, &cache.select(&list, query(0)).await.unwrap()));
        assert!(cache.selected(list.id, &query(1)).is_none());

        // The titles that a search keeps end with the connection.
        cache.select(&list, PostQuery::default()).await.unwrap();
        assert!(cache.0.titles.lock().is_none());
        cache.read_titles(&list).await.unwrap();
        assert!(cache.0.titles.lock().as_ref().is_some_and(|titles| titles.are_of(list.id, list.range())));
        assert_eq!(cache.select(&list, query(1)).await.unwrap().len(), 1);
        cache.forget("c").await.unwrap();
        assert!(cache.0.titles.lock().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let _open = open_cache(home.path()).unwrap();
        for file in ["content.db", "content.db-wal", "content.db-shm"] {
            let mode = std::fs::metadata(home.path().join(file)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{file}");
        }
    }
}
