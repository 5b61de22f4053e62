//! Which vault the database belongs to.

use rusqlite::{Connection, OptionalExtension};

/// The vault that the secrets here are sealed in.
pub(crate) struct VaultRow {
    /// The name under which the keyring has its key.
    pub(crate) name: String,
    /// A sealed value by which the right key is known.
    pub(crate) check: Vec<u8>,
}

/// The vault; nothing before the first secret.
pub(crate) fn vault(connection: &Connection) -> rusqlite::Result<Option<VaultRow>> {
    let read = |row: &rusqlite::Row<'_>| Ok(VaultRow { name: row.get(0)?, check: row.get(1)? });
    connection.query_row("SELECT name, vault_check FROM vault", [], read).optional()
}

/// Keeps a new vault, unless another process was first; answers the one that holds.
pub(crate) fn settle_vault(connection: &Connection, new: &VaultRow) -> rusqlite::Result<VaultRow> {
    connection.execute(
        "INSERT INTO vault (only, name, vault_check) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING",
        rusqlite::params![new.name, new.check],
    )?;
    vault(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}
