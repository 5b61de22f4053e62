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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[test]
    fn the_newest_hundred_of_each_connection_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let connections = "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides,
                created_at) VALUES ('a', 'a', 'grigora', 'x', 'x', '[]', '[]', '{}', '2026-01-01T00:00:00Z');
            INSERT INTO connection (id, app_id, name, created_at) VALUES ('one', 'a', 'one', '2026-01-01T00:00:00Z'),
                ('two', 'a', 'two', '2026-01-01T00:00:00Z');";
        store.write(|tx| tx.execute_batch(connections)).unwrap();
        let add = |connection: &str, number: i64| {
            let row = ApiExchangeRow {
                id: ExchangeId(format!("{connection} {number}")),
                connection_id: ConnectionId(connection.into()),
                // Two at a time.
                at: Timestamp::from_second(number / 2).unwrap(),
                sealed_summary: Sealed(vec![1]),
                sealed_exchange: Sealed(vec![2]),
            };
            store.write_without_sync(|tx| insert(tx, &row)).unwrap();
        };
        add("two", 0);
        (0..103).for_each(|number| add("one", number));
        let ids = |connection: &str| -> Vec<String> {
            let all = store.read(|c| summaries(c, &ConnectionId(connection.into()))).unwrap();
            all.into_iter().map(|(id, _)| id.0).collect()
        };
        let expected: Vec<String> = (3..103).rev().map(|number| format!("one {number}")).collect();
        assert_eq!(ids("one"), expected);
        assert_eq!(ids("two"), ["two 0"]);
    }
}
