//! What was written since a process looked last, by whichever process: kept by triggers, each thing once.

use grapnel_model::id::{AttemptId, ConnectionId};
use rusqlite::{Connection, Row};

/// Something that was added, changed or removed.
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
    /// Something that much hangs on.
    Other,
}

/// The number of the last change.
pub fn last(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(number), 0) FROM change", [], |row| row.get(0))
}

/// What was changed since the change of this number, oldest first; at most so much.
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
        _ => Change::Other,
    })
}
