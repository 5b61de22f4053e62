//! Opening the database: its directory and permissions, its settings, and its schema's version.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::{damaged, failed, meta};
use crate::error::{Code, Error, Result};

/// The version of the schema that this program writes.
const VERSION: i64 = 1;
/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

pub(super) fn open(home: &Path) -> Result<Connection> {
    make_directory(home).map_err(|error| unwritable(home, &error))?;
    let path = home.join("grapnel.db");
    make_file(&path).map_err(|error| unwritable(&path, &error))?;
    let mut connection = Connection::open(&path).map_err(|error| failed(&error))?;
    let version = settle(&connection).map_err(|error| failed(&error))?;
    match version {
        0 => create(&mut connection).map_err(|error| failed(&error))?,
        VERSION => {}
        newer if newer > VERSION => return Err(from_newer()),
        _ => return Err(damaged()),
    }
    Ok(connection)
}

/// The settings that hold for each connection, and the version of what is there.
fn settle(connection: &Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(BUSY)?;
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(version)
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have made it since this one looked.
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(include_str!("schema.sql"))?;
        meta::set_vault_id(&transaction)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

fn from_newer() -> Error {
    Error::new(Code::DataNewer, "Grapnel’s database was written by a newer Grapnel.")
        .means("It was left as it is; nothing in it was changed.")
        .hint("Install the newer version again, or set GRAPNEL_HOME to another directory.")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Code::DataUnwritable, format!("“{}” cannot be written: {error}.", path.display()))
        .means("Nothing was changed.")
        .hint("Make the directory your own and writable, or set GRAPNEL_HOME to another one.")
}

#[cfg(unix)]
fn make_directory(home: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(home)?;
    fs::set_permissions(home, fs::Permissions::from_mode(0o700))
}

#[cfg(unix)]
fn make_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    // SQLite gives the files beside it (-wal, -shm) the same permissions.
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn make_directory(home: &Path) -> std::io::Result<()> {
    fs::create_dir_all(home)
}

#[cfg(not(unix))]
fn make_file(path: &Path) -> std::io::Result<()> {
    fs::OpenOptions::new().create(true).append(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_from_a_newer_program_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        open(home.path()).unwrap().pragma_update(None, "user_version", VERSION + 1).unwrap();
        assert_eq!(open(home.path()).unwrap_err().code, Code::DataNewer);
    }

    #[test]
    fn a_file_that_is_no_database_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("grapnel.db");
        fs::write(&path, "my shopping list, much longer than a header of SQLite would be ".repeat(20))
            .unwrap();
        assert_eq!(open(home.path()).unwrap_err().code, Code::DataDamaged);
        assert!(fs::read_to_string(path).unwrap().starts_with("my shopping list"));
    }

    #[test]
    fn a_directory_that_cannot_be_made_says_so() {
        let home = tempfile::tempdir().unwrap();
        let taken = home.path().join("taken");
        fs::write(&taken, "").unwrap();
        assert_eq!(open(&taken).unwrap_err().code, Code::DataUnwritable);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("data");
        let connection = open(&home).unwrap();
        connection.execute("INSERT INTO meta VALUES ('x', x'00')", []).unwrap();
        let mode = |name: &str| fs::metadata(home.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(""), 0o700);
        for file in ["grapnel.db", "grapnel.db-wal", "grapnel.db-shm"] {
            assert_eq!(mode(file), 0o600, "{file}");
        }
    }
}
