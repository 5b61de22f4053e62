//! The `api_exchange` table: the history of a connection's exchanges, those that a person sent and those that Grapnel
//! sent.

use grapnel_model::api_exchange::ExchangeKind;
use grapnel_model::id::{ConnectionId, ExchangeId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::column::{Json, Time};
use crate::sealed::Sealed;

/// How many exchanges of a connection are kept that a person sent, and as many that Grapnel sent: a refresh each hour
/// must not displace what a person wrote.
const MAX_PER_CONNECTION: u32 = 50;

/// An exchange.
#[derive(Debug, Clone)]
pub struct ApiExchangeRow {
    /// The ID.
    pub id: ExchangeId,
    /// The connection.
    pub connection_id: ConnectionId,
    /// What it was for.
    pub kind: ExchangeKind,
    /// When the request was sent.
    pub at: Timestamp,
    /// What the list of the history shows, as JSON.
    pub sealed_summary: Sealed,
    /// The request and its response, as JSON.
    pub sealed_exchange: Sealed,
}

/// Adds an exchange, and deletes the oldest of the connection that are too many.
pub fn insert(connection: &Connection, row: &ApiExchangeRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO api_exchange (id, connection_id, kind, at, sealed_summary, sealed_exchange)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            row.id,
            row.connection_id,
            Json(row.kind),
            Time(row.at),
            row.sealed_summary,
            row.sealed_exchange
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM api_exchange WHERE rowid IN (
                SELECT rowid FROM api_exchange WHERE connection_id = ?1 AND (kind = ?2) = (?3 = ?2)
                ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?4)",
        )?
        .execute(params![row.connection_id, Json(ExchangeKind::Request), Json(row.kind), MAX_PER_CONNECTION])
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
    fn the_newest_fifty_of_each_connection_and_sender_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let connections = "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides,
                created_at) VALUES ('a', 'a', 'grigora', 'x', 'x', '[]', '[]', '{}', '2026-01-01T00:00:00Z');
            INSERT INTO connection (id, app_id, name, created_at) VALUES ('one', 'a', 'one', '2026-01-01T00:00:00Z'),
                ('two', 'a', 'two', '2026-01-01T00:00:00Z');";
        store.write(|tx| tx.execute_batch(connections)).unwrap();
        let add = |connection: &str, kind: ExchangeKind, number: i64| {
            let row = ApiExchangeRow {
                id: ExchangeId(format!("{connection} {kind:?} {number}")),
                connection_id: ConnectionId(connection.into()),
                kind,
                // Two at a time.
                at: Timestamp::from_second(number / 2).unwrap(),
                sealed_summary: Sealed(vec![1]),
                sealed_exchange: Sealed(vec![2]),
            };
            store.write_without_sync(|tx| insert(tx, &row)).unwrap();
        };
        add("two", ExchangeKind::Request, 0);
        add("one", ExchangeKind::Request, 0);
        (0..52).for_each(|number| add("one", ExchangeKind::Refresh, number));
        add("one", ExchangeKind::Api, 52);
        let ids = |connection: &str| -> Vec<String> {
            let all = store.read(|c| summaries(c, &ConnectionId(connection.into()))).unwrap();
            all.into_iter().map(|(id, _)| id.0).collect()
        };
        let refreshes = (3..52).rev().map(|number| format!("one Refresh {number}"));
        let expected: Vec<String> = std::iter::once("one Api 52".to_owned())
            .chain(refreshes)
            .chain(["one Request 0".to_owned()])
            .collect();
        assert_eq!(expected.len(), 51);
        assert_eq!(ids("one"), expected);
        assert_eq!(ids("two"), ["two Request 0"]);
    }
}
