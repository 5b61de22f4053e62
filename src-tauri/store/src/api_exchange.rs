//! The `api_exchange` table: the history of requests that a person sent to a connection's API.

use grapnel_model::id::{ConnectionId, ExchangeId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::column::Time;
use crate::sealed::Sealed;

/// How many exchanges of a connection are kept.
const MAX_PER_CONNECTION: u32 = 100;

/// An exchange.
#[derive(Debug, Clone)]
pub struct ApiExchangeRow {
    /// The ID.
    pub id: ExchangeId,
    /// The connection.
    pub connection_id: ConnectionId,
    /// When the request was sent.
    pub at: Timestamp,
    /// What the list of the history shows, as JSON.
    pub sealed_summary: Sealed,
    /// The request and its response, as JSON.
    pub sealed_exchange: Sealed,
}

/// Adds an exchange, and deletes the oldest of the connection that are too many.
pub fn insert(connection: &Connection, row: &ApiExchangeRow) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO api_exchange (id, connection_id, at, sealed_summary, sealed_exchange)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![row.id, row.connection_id, Time(row.at), row.sealed_summary, row.sealed_exchange],
    )?;
    connection
        .execute(
            "DELETE FROM api_exchange WHERE connection_id = ?1 AND rowid NOT IN (
                SELECT rowid FROM api_exchange WHERE connection_id = ?1 ORDER BY at DESC, rowid DESC LIMIT ?2)",
            params![row.connection_id, MAX_PER_CONNECTION],
        )
        .map(drop)
}

/// The summaries of a connection's exchanges, newest first.
pub fn summaries(connection: &Connection, of: &ConnectionId) -> rusqlite::Result<Vec<(ExchangeId, Sealed)>> {
    connection
        .prepare_cached(
            "SELECT id, sealed_summary FROM api_exchange WHERE connection_id = ?1 ORDER BY at DESC, rowid DESC",
        )?
        .query_map([of], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// An exchange of a connection; `None` if it was deleted.
pub fn get(connection: &Connection, of: &ConnectionId, id: &ExchangeId) -> rusqlite::Result<Option<Sealed>> {
    connection
        .query_row(
            "SELECT sealed_exchange FROM api_exchange WHERE connection_id = ?1 AND id = ?2",
            params![of, id],
            |row| row.get(0),
        )
        .optional()
}

/// Deletes an exchange of a connection.
pub fn remove(connection: &Connection, of: &ConnectionId, id: &ExchangeId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM api_exchange WHERE connection_id = ?1 AND id = ?2";
    connection.execute(sql, params![of, id]).map(drop)
}

/// Deletes all exchanges of a connection.
pub fn clear(connection: &Connection, of: &ConnectionId) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM api_exchange WHERE connection_id = ?1", [of]).map(drop)
}
