//! The database: snapshots for reading, transactions for writing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use grapnel_model::data_directory;
use grapnel_model::error::{Error, Result};
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::failure::failed;
use crate::pending_write::WriteQueue;
use crate::{cache, filesystem, open};

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store {
    /// A second connection for reads during a write, opened at the first such read. Declared first, so that it is
    /// closed before the writer, which runs the final checkpoint.
    pub(crate) reader: Arc<Mutex<Option<Connection>>>,
    pub(crate) connection: Arc<Mutex<Connection>>,
    pub(crate) write_queue: WriteQueue,
    pub(crate) home: Arc<Path>,
}

impl Store {
    /// Opens the database in `home`; creates both if they do not exist.
    ///
    /// # Errors
    /// The directory cannot be written, or a newer Grapnel wrote the database.
    pub fn open(home: &Path) -> Result<Self> {
        let connection =
            Arc::new(Mutex::new(open::open(home).map_err(|error| filesystem::name(error, home))?));
        Ok(Self { connection, reader: Arc::default(), write_queue: WriteQueue::default(), home: home.into() })
    }

    /// The data directory: `GRAPNEL_HOME`, or else the platform's default.
    pub fn default_home() -> Result<PathBuf> {
        data_directory::default()
    }

    /// The data directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The content cache.
    pub fn cache(&self) -> cache::Cache {
        cache::Cache::in_home(&self.home)
    }

    /// Reads from one snapshot. Does not wait for a concurrent write.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let read = if let Some(connection) = self.connection.try_lock() {
            in_snapshot(&connection, read)
        } else {
            let mut reader = self.reader.lock();
            match &*reader {
                Some(connection) => in_snapshot(connection, read),
                None => open::open_reader(&self.home)
                    .and_then(|connection| in_snapshot(reader.insert(connection), read)),
            }
        };
        read.map_err(|error| self.failed(&error))
    }

    /// Writes in one transaction, which is on the disk when this returns.
    pub fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.connection.lock();
        let written = open::set_checkpoint_on_close(&connection, true)
            .and_then(|()| in_transaction(&mut connection, write));
        if written.is_ok() {
            self.notify_watchers();
        }
        written.map_err(|error| self.failed(&error))
    }

    /// Moves the write-ahead log into the database file and truncates it, so that one file has all data and overwritten
    /// values are gone. Pages that another process is reading stay in the log.
    pub fn checkpoint(&self) -> Result<()> {
        let connection = self.connection.lock();
        let merged = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        merged.map_err(|error| failed(&error))
    }

    /// Writes in one transaction without waiting for the disk: a power failure may undo it.
    pub fn write_without_sync<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut connection = self.connection.lock();
        let written = (|| {
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let written = in_transaction(&mut connection, write);
            connection.pragma_update(None, "synchronous", "FULL")?;
            written
        })();
        if written.is_ok() {
            self.notify_watchers();
        }
        written.map_err(|error| self.failed(&error))
    }

    /// The error for the person. It names the file system if that may be the cause.
    pub fn failed(&self, error: &rusqlite::Error) -> Error {
        filesystem::name(failed(error), &self.home)
    }
}

fn in_snapshot<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.unchecked_transaction().and_then(|snapshot| read(&snapshot))
}

fn in_transaction<T>(
    connection: &mut Connection,
    write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let written = write(&transaction)?;
    transaction.commit()?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_checkpoint_one_file_has_all_data() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let insert = "INSERT INTO vault (only, name, vault_check) VALUES (1, 'x', x'00')";
        store.write_without_sync(|tx| tx.execute(insert, [])).unwrap();
        store.checkpoint().unwrap();
        let copy = home.path().join("only.db");
        std::fs::copy(home.path().join("grapnel.db"), &copy).unwrap();
        let rows: i64 = Connection::open(copy)
            .unwrap()
            .query_row("SELECT count(*) FROM vault", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn readers_do_not_wait_for_writers() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let rows = |c: &Connection| c.query_row("SELECT count(*) FROM vault", [], |row| row.get::<_, i64>(0));
        let insert = "INSERT INTO vault (only, name, vault_check) VALUES (1, 'x', x'00')";
        let before = store.write(|tx| {
            tx.execute(insert, [])?;
            store.read(rows).map_err(|_| rusqlite::Error::InvalidQuery)
        });
        assert_eq!((before.unwrap(), store.read(rows).unwrap()), (0, 1));
        let unwritable = |c: &Connection| c.execute("DELETE FROM vault", []);
        let refused = store.write(|_| Ok(store.read(unwritable).is_err()));
        assert!(refused.unwrap(), "the second connection writes");
    }
}
