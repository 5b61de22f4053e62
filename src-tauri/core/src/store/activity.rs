//! The activity log in the store, bounded.

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::column::{Json, Time, json};
use crate::activity::{Entry, Kind};
use crate::id::{AppId, ConnectionId};

/// How many entries are kept in all.
const KEPT: i64 = 20_000;
/// How many are shown at once.
const SHOWN: i64 = 500;

/// Adds an entry, and drops the oldest beyond the bound.
pub(crate) fn add(
    connection: &Connection,
    at: Timestamp,
    kind: Kind,
    text: &str,
    of: (Option<&ConnectionId>, Option<&AppId>),
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO activity (at, kind, text, connection_id, app_id) VALUES (?1, ?2, ?3, ?4, ?5)",
        rusqlite::params![Time(at), Json(kind), text, of.0, of.1],
    )?;
    connection
        .execute("DELETE FROM activity WHERE id <= ?1", [connection.last_insert_rowid() - KEPT])
        .map(drop)
}

/// The newest entries first: of one connection, or of everything.
pub(crate) fn newest(connection: &Connection, of: Option<&ConnectionId>) -> rusqlite::Result<Vec<Entry>> {
    connection
        .prepare("SELECT * FROM activity WHERE ?1 IS NULL OR connection_id = ?1 ORDER BY id DESC LIMIT ?2")?
        .query_map(rusqlite::params![of, SHOWN], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        at: row.get::<_, Time>("at")?.0,
        kind: json(row, "kind")?,
        text: row.get("text")?,
        connection_id: row.get("connection_id")?,
        app_id: row.get("app_id")?,
    })
}
