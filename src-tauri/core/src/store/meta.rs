//! What the database knows of itself: which vault it belongs to.

use rusqlite::{Connection, OptionalExtension};

use crate::secret::{hex, random};

/// The name under which the keyring has this vault's key.
pub(crate) fn vault_id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT CAST(value AS TEXT) FROM meta WHERE name = 'vault_id'", [], |row| row.get(0))
}

pub(super) fn set_vault_id(connection: &Connection) -> rusqlite::Result<()> {
    let id = format!("vault-{}", hex(&random::<8>()));
    connection.execute("INSERT INTO meta VALUES ('vault_id', CAST(?1 AS BLOB))", [id]).map(drop)
}

/// The sealed value by which the right key is known; nothing before the first secret.
pub(crate) fn vault_check(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.query_row("SELECT value FROM meta WHERE name = 'vault_check'", [], |row| row.get(0)).optional()
}

pub(crate) fn set_vault_check(connection: &Connection, sealed: &[u8]) -> rusqlite::Result<()> {
    connection.execute("INSERT INTO meta VALUES ('vault_check', ?1)", [sealed]).map(drop)
}
