//! The `vault` table, and every encrypted value of the other tables.

use rusqlite::{Connection, OptionalExtension, params};

use crate::column::{Json, maybe_json};
use crate::vault::passphrase::KdfParams;

/// The vault that the secrets are encrypted with.
#[derive(Debug, Clone)]
pub struct VaultRow {
    /// A random name, which is also that of the key in the keyring.
    pub name: String,
    /// The encrypted check value, which identifies the right key.
    pub check: Vec<u8>,
    /// The parameters of the key derivation; `None` if the key is in the keyring.
    pub kdf_params: Option<KdfParams>,
    /// The name of the previous key, until it is removed from the keyring.
    pub retired: Option<String>,
}

/// The vault; `None` before the first secret.
pub fn vault(connection: &Connection) -> rusqlite::Result<Option<VaultRow>> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(VaultRow {
            name: row.get("name")?,
            check: row.get("vault_check")?,
            kdf_params: maybe_json(row, "stretch")?,
            retired: row.get("retired")?,
        })
    };
    connection.query_row("SELECT * FROM vault", [], read).optional()
}

/// Inserts a new vault, unless another process has inserted one. Returns the one in the table.
pub fn insert_vault_if_absent(connection: &Connection, new: &VaultRow) -> rusqlite::Result<VaultRow> {
    upsert_vault(connection, new, "DO NOTHING")?;
    vault(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Stores the vault, replacing an existing one. Call it in the transaction that re-encrypts every secret.
pub fn replace_vault(connection: &Connection, new: &VaultRow) -> rusqlite::Result<()> {
    upsert_vault(
        connection,
        new,
        "DO UPDATE SET name = excluded.name, vault_check = excluded.vault_check, stretch = excluded.stretch,
            retired = excluded.retired",
    )
}

fn upsert_vault(connection: &Connection, new: &VaultRow, on_conflict: &str) -> rusqlite::Result<()> {
    connection
        .execute(
            &format!(
                "INSERT INTO vault (only, name, vault_check, stretch, retired) VALUES (1, ?1, ?2, ?3, ?4)
                 ON CONFLICT (only) {on_conflict}"
            ),
            params![new.name, new.check, new.kdf_params.as_ref().map(Json), new.retired],
        )
        .map(drop)
}

/// Records that the previous key was deleted from the keyring.
pub fn forget_retired(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE vault SET retired = NULL WHERE retired = ?1", [name]).map(drop)
}

/// An encrypted value and its location.
pub struct SealedValue {
    table: String,
    column: String,
    id: String,
    /// The sealed bytes.
    pub bytes: Vec<u8>,
}

impl SealedValue {
    /// Its associated data: `connection/ID/access` for the column `sealed_access` of `connection`.
    pub fn associated_data(&self) -> String {
        let what = self.column.strip_prefix("sealed_").unwrap_or(&self.column);
        format!("{}/{}/{what}", self.table, self.id)
    }

    /// Stores new bytes for it.
    pub fn put(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Self { table, column, id, bytes } = self;
        connection
            .prepare_cached(&format!("UPDATE \"{table}\" SET \"{column}\" = ?2 WHERE id = ?1"))?
            .execute(params![id, bytes])
            .map(drop)
    }
}

/// Every encrypted value. The columns are read from the schema, so that no table is missed.
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

/// Deletes every encrypted value and the vault. This disconnects every connection and ends every sign-in.
pub fn delete_sealed(connection: &Connection) -> rusqlite::Result<()> {
    // Before the grants: the loss of the key here must not disconnect the team's connections.
    connection.execute_batch("DELETE FROM team; DELETE FROM team_identity;")?;
    for row in crate::connection_status::all(connection)? {
        crate::connection::clear_grant(connection, &row.id, row.version)?;
    }
    connection.execute_batch(
        "UPDATE app SET sealed_secret = NULL, sealed_values = NULL, secret_keys = '[]', sealed_registration = NULL;
         UPDATE attempt SET sealed_url = NULL, sealed_verifier = NULL, sealed_dpop = NULL;
         DELETE FROM revocation;
         DELETE FROM api_exchange;
         DELETE FROM derived_token;
         DELETE FROM saved_request;
         DELETE FROM hook;
         DELETE FROM hook_snapshot;
         DELETE FROM vault;",
    )?;
    // A table that this function misses must not lose its secrets unnoticed.
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

#[cfg(test)]
mod tests {
    use crate::database::Store;

    /// A new table needs an `id`, and a case in the test `every_sealed_value_is_re_encrypted`.
    #[test]
    fn every_sealed_column_is_known() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let columns = store.read(super::sealed_columns).unwrap();
        let columns: Vec<String> =
            columns.into_iter().map(|(table, column)| format!("{table}.{column}")).collect();
        insta::assert_snapshot!(columns.join(" "), @"api_exchange.sealed_exchange \
            api_exchange.sealed_summary app.sealed_registration app.sealed_secret app.sealed_values \
            attempt.sealed_dpop attempt.sealed_url attempt.sealed_verifier connection.sealed_access \
            connection.sealed_dpop connection.sealed_id_token connection.sealed_refresh derived_token.sealed_token \
            hook.sealed_command revocation.sealed_token saved_request.sealed_draft team.sealed_identity \
            team.sealed_url team_identity.sealed_identity");
        store.read(super::all_sealed).unwrap();
    }
}
