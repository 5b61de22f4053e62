//! The database: opened once, read at one moment, written in transactions.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use grapnel_model::error::{Code, Error, Result};
use grapnel_model::text::clean_line;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::failure::failed;
use crate::pending_write::Waiting;
use crate::{cache, filesystem, open};

/// The database, shared by whoever holds a clone.
#[derive(Clone)]
pub struct Store {
    /// A second one, made when something is read for the first time while something is written. It is closed before the
    /// first, which tidies up.
    pub(crate) beside: Arc<Mutex<Option<Connection>>>,
    pub(crate) connection: Arc<Mutex<Connection>>,
    pub(crate) waiting: Waiting,
    pub(crate) home: Arc<Path>,
}

impl Store {
    /// Opens the database in `home`, and makes both where they are not there yet.
    ///
    /// Fails where the directory cannot be written, or the database is from a newer Grapnel.
    pub fn open(home: &Path) -> Result<Self> {
        let connection =
            Arc::new(Mutex::new(open::open(home).map_err(|error| filesystem::name(error, home))?));
        Ok(Self { connection, beside: Arc::default(), waiting: Waiting::default(), home: home.into() })
    }

    /// The data directory: `GRAPNEL_HOME`, or else the platform's.
    pub fn default_home() -> Result<PathBuf> {
        if let Some(home) = std::env::var_os("GRAPNEL_HOME").filter(|home| !home.is_empty()) {
            return absolute(home.into());
        }
        let dirs = directories::ProjectDirs::from("dev", "grapnel", "Grapnel");
        dirs.map(|dirs| dirs.data_dir().to_owned()).ok_or_else(|| {
            Error::new(Code::DataUnwritable, "This account has no home directory to keep data in.")
                .hint("Set GRAPNEL_HOME to a directory that you can write to.")
        })
    }

    /// The data directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What was browsed, kept beside.
    pub fn cache(&self) -> cache::Cache {
        cache::Cache::in_home(&self.home)
    }

    /// Reads, all of it as it was at one moment. What is being written meanwhile is not waited for.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let read = match self.connection.try_lock() {
            Ok(connection) => at_one_moment(&connection, read),
            Err(TryLockError::Poisoned(poisoned)) => at_one_moment(&poisoned.into_inner(), read),
            Err(TryLockError::WouldBlock) => {
                let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
                match &*beside {
                    Some(connection) => at_one_moment(connection, read),
                    None => open::beside(&self.home)
                        .and_then(|connection| at_one_moment(beside.insert(connection), read)),
                }
            }
        };
        read.map_err(|error| self.failed(&error))
    }

    /// Writes, all of it or nothing.
    pub fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let written = open::tidy_at_end(&connection, true).and_then(|()| transact(&mut connection, write));
        if written.is_ok() {
            self.touch();
        }
        written.map_err(|error| self.failed(&error))
    }

    /// Merges the log of what was written into the database, so that one file holds all. What another process reads now
    /// stays in the log.
    pub fn merge_log(&self) -> Result<()> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let merged = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        merged.map_err(|error| failed(&error))
    }

    /// Writes what a power cut may take back: it is not worth waiting for the disk.
    pub fn jot<T>(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let jotted = (|| {
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let jotted = transact(&mut connection, write);
            connection.pragma_update(None, "synchronous", "FULL")?;
            jotted
        })();
        if jotted.is_ok() {
            self.touch();
        }
        jotted.map_err(|error| self.failed(&error))
    }

    /// What a failure of the database means for a person, and which file system it is on where that may be why.
    pub fn failed(&self, error: &rusqlite::Error) -> Error {
        filesystem::name(failed(error), &self.home)
    }
}

/// A directory that is the same whatever the current one is: a program that a link starts may have another one.
fn absolute(home: PathBuf) -> Result<PathBuf> {
    if home.is_absolute() {
        return Ok(home);
    }
    let message = format!(
        "GRAPNEL_HOME is “{}”, which depends on the current directory.",
        clean_line(&home.to_string_lossy())
    );
    Err(Error::input("GRAPNEL_HOME", message)
        .means("Nothing was opened: each directory would have its own data.")
        .hint("Set it to a path that begins with /, such as GRAPNEL_HOME=\"$PWD/data\"."))
}

fn at_one_moment<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.unchecked_transaction().and_then(|snapshot| read(&snapshot))
}

fn transact<T>(
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
    fn a_home_that_depends_on_the_current_directory_is_refused() {
        for home in ["data", "./data", "../data", "~/data"] {
            let error = absolute(home.into()).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("GRAPNEL_HOME")));
        }
        assert_eq!(absolute("/data".into()).unwrap(), PathBuf::from("/data"));
    }

    #[test]
    fn once_the_log_is_merged_one_file_holds_all() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let insert = "INSERT INTO vault (only, name, vault_check) VALUES (1, 'x', x'00')";
        store.jot(|tx| tx.execute(insert, [])).unwrap();
        store.merge_log().unwrap();
        let copy = home.path().join("only.db");
        std::fs::copy(home.path().join("grapnel.db"), &copy).unwrap();
        let rows: i64 = Connection::open(copy)
            .unwrap()
            .query_row("SELECT count(*) FROM vault", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn who_reads_does_not_wait_for_who_writes() {
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
