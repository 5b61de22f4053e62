//! The log of changed rows, written by triggers, one entry per row: what any process has changed since a given
//! number.

use grapnel_model::id::{AttemptId, ConnectionId};
use rusqlite::{Connection, Row};

/// A row that was added, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A connection.
    Connection(ConnectionId),
    /// A sign-in.
    Attempt(AttemptId),
    /// One of the apps.
    Apps,
    /// The settings.
    Settings,
    /// One of the teams.
    Teams,
    /// Anything else; everything may have changed.
    Other,
}

/// The number of the last change.
pub fn last(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(number), 0) FROM change", [], |row| row.get(0))
}

/// The changes after `number`, oldest first; at most `most`.
pub fn since(connection: &Connection, number: i64, most: usize) -> rusqlite::Result<Vec<Change>> {
    connection
        .prepare_cached("SELECT what, id FROM change WHERE number > ?1 ORDER BY number LIMIT ?2")?
        .query_map((number, i64::try_from(most).unwrap_or(i64::MAX)), read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Change> {
    Ok(match row.get_ref(0)?.as_str()? {
        "connection" => Change::Connection(row.get(1)?),
        "attempt" => Change::Attempt(row.get(1)?),
        "app" => Change::Apps,
        "settings" => Change::Settings,
        "team" => Change::Teams,
        _ => Change::Other,
    })
}
