//! Which vault the database belongs to, and everything in it that is sealed.

use std::sync::PoisonError;

use grapnel_model::error::Result;
use rusqlite::{Connection, OptionalExtension, params};

use crate::column::{Json, maybe_json};
use crate::database::Store;
use crate::failure::failed;
use crate::vault::passphrase::Stretch;

/// The vault that the secrets here are sealed in.
#[derive(Debug, Clone)]
pub struct VaultRow {
    /// No other vault has this name. Where the keyring has its key, the key is called so there.
    pub name: String,
    /// A sealed value by which the right key is known.
    pub check: Vec<u8>,
    /// How the key comes of a passphrase; nothing where the keyring has it.
    pub stretch: Option<Stretch>,
    /// The key of the vault before, by name, until it is gone from the keyring.
    pub retired: Option<String>,
}

/// The vault; nothing before the first secret.
pub fn vault(connection: &Connection) -> rusqlite::Result<Option<VaultRow>> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(VaultRow {
            name: row.get("name")?,
            check: row.get("vault_check")?,
            stretch: maybe_json(row, "stretch")?,
            retired: row.get("retired")?,
        })
    };
    connection.query_row("SELECT * FROM vault", [], read).optional()
}

/// Keeps a new vault, unless another process was first; answers the one that holds.
pub fn settle_vault(connection: &Connection, new: &VaultRow) -> rusqlite::Result<VaultRow> {
    put_vault(connection, new, "DO NOTHING")?;
    vault(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Keeps a new vault in place of the one before.
pub fn replace_vault(connection: &Connection, new: &VaultRow) -> rusqlite::Result<()> {
    put_vault(
        connection,
        new,
        "DO UPDATE SET name = excluded.name, vault_check = excluded.vault_check, stretch = excluded.stretch,
            retired = excluded.retired",
    )
}

fn put_vault(connection: &Connection, new: &VaultRow, on_conflict: &str) -> rusqlite::Result<()> {
    connection
        .execute(
            &format!(
                "INSERT INTO vault (only, name, vault_check, stretch, retired) VALUES (1, ?1, ?2, ?3, ?4)
                 ON CONFLICT (only) {on_conflict}"
            ),
            params![new.name, new.check, new.stretch.as_ref().map(Json), new.retired],
        )
        .map(drop)
}

/// Notes that the keyring does not have the key of this name any more.
pub fn forget_retired(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE vault SET retired = NULL WHERE retired = ?1", [name]).map(drop)
}

/// A sealed value, and where it is.
pub struct SealedValue {
    table: String,
    column: String,
    id: String,
    /// The sealed bytes.
    pub bytes: Vec<u8>,
}

impl SealedValue {
    /// What it is sealed for: `connection/ID/access` for the column `sealed_access` of that table.
    pub fn place(&self) -> String {
        let what = self.column.strip_prefix("sealed_").unwrap_or(&self.column);
        format!("{}/{}/{what}", self.table, self.id)
    }

    /// Writes it back.
    pub fn put(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Self { table, column, id, bytes } = self;
        connection
            .prepare_cached(&format!("UPDATE \"{table}\" SET \"{column}\" = ?2 WHERE id = ?1"))?
            .execute(params![id, bytes])
            .map(drop)
    }
}

/// Everything that is sealed. Where it is comes from the schema itself, so that no table can be forgotten.
pub fn all_sealed(connection: &Connection) -> rusqlite::Result<Vec<SealedValue>> {
    let mut all = Vec::new();
    for (table, column) in sealed_columns(connection)? {
        let asked = format!("SELECT id, \"{column}\" FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
        let mut found = connection.prepare(&asked)?;
        let values = found.query_map([], |row| {
            let (table, column) = (table.clone(), column.clone());
            Ok(SealedValue { table, column, id: row.get(0)?, bytes: row.get(1)? })
        })?;
        for value in values {
            all.push(value?);
        }
    }
    Ok(all)
}

/// Deletes everything that is sealed, and the vault with it. Connections are disconnected by that, and sign-ins that
/// wait are over.
pub fn give_up_sealed(connection: &Connection) -> rusqlite::Result<()> {
    for row in crate::standing::all(connection)? {
        crate::connection::clear_grant(connection, &row.id, row.version)?;
    }
    connection.execute_batch(
        "UPDATE app SET sealed_secret = NULL, sealed_values = NULL, secret_keys = '[]';
         UPDATE attempt SET sealed_url = NULL, sealed_verifier = NULL;
         DELETE FROM revocation;
         DELETE FROM vault;",
    )?;
    // A table that is new and forgotten here must not lose its secrets unnoticed.
    if all_sealed(connection)?.is_empty() { Ok(()) } else { Err(rusqlite::Error::InvalidQuery) }
}

fn sealed_columns(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND c.name LIKE 'sealed\\_%' ESCAPE '\\' ORDER BY 1, 2",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

impl Store {
    /// Moves the sealed values as they were before out of the log beside the database, where they would stay for a
    /// while.
    pub fn empty_log(&self) -> Result<()> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        emptied.map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use crate::database::Store;

    /// A table that is new here needs a case in the test `everything_sealed_moves_with_the_vault`, and an `id`.
    #[test]
    fn every_sealed_column_is_known() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let columns = store.read(super::sealed_columns).unwrap();
        let columns: Vec<String> =
            columns.into_iter().map(|(table, column)| format!("{table}.{column}")).collect();
        insta::assert_snapshot!(columns.join(" "), @"app.sealed_secret app.sealed_values attempt.sealed_url attempt.sealed_verifier connection.sealed_access connection.sealed_refresh revocation.sealed_token");
        store.read(super::all_sealed).unwrap();
    }
}
