//! The `saved_request` table: requests to a connection's API that the person saved under a name.

use grapnel_model::id::{ConnectionId, SavedRequestId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::sealed::Sealed;

/// A saved request.
#[derive(Debug, Clone)]
pub struct SavedRequestRow {
    /// The ID.
    pub id: SavedRequestId,
    /// The name.
    pub name: String,
    /// The request, as JSON.
    pub sealed_draft: Sealed,
}

/// The saved requests of a connection, by name.
pub fn all(connection: &Connection, of: &ConnectionId) -> rusqlite::Result<Vec<SavedRequestRow>> {
    connection
        .prepare_cached(
            "SELECT id, name, sealed_draft FROM saved_request WHERE connection_id = ?1 ORDER BY name",
        )?
        .query_map([of], |row| {
            Ok(SavedRequestRow { id: row.get(0)?, name: row.get(1)?, sealed_draft: row.get(2)? })
        })?
        .collect()
}

/// The saved request of this name, ignoring ASCII case.
pub fn named(
    connection: &Connection,
    of: &ConnectionId,
    name: &str,
) -> rusqlite::Result<Option<SavedRequestId>> {
    let sql = "SELECT id FROM saved_request WHERE connection_id = ?1 AND name = ?2";
    connection.query_row(sql, params![of, name], |row| row.get(0)).optional()
}

/// Saves a request. One with the same ID is replaced.
pub fn put(connection: &Connection, of: &ConnectionId, row: &SavedRequestRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO saved_request (id, connection_id, name, sealed_draft) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, sealed_draft = excluded.sealed_draft",
            params![row.id, of, row.name, row.sealed_draft],
        )
        .map(drop)
}

/// Deletes a saved request of a connection.
pub fn remove(connection: &Connection, of: &ConnectionId, id: &SavedRequestId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM saved_request WHERE connection_id = ?1 AND id = ?2";
    connection.execute(sql, params![of, id]).map(drop)
}
