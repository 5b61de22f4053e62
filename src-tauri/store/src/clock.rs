//! The measured error of the system clock, shared with other processes and later runs.

use jiff::SignedDuration;
use rusqlite::{Connection, OptionalExtension};

/// Smaller changes are not stored.
const MIN_CHANGE_MILLISECONDS: i64 = 2_000;

/// How far the corrected time is ahead of the system clock.
pub fn offset(connection: &Connection) -> rusqlite::Result<SignedDuration> {
    milliseconds(connection).map(|known| SignedDuration::from_millis(known.unwrap_or_default()))
}

/// Stores how far the corrected time is ahead of the system clock.
pub fn keep(connection: &Connection, offset: SignedDuration) -> rusqlite::Result<()> {
    let offset = i64::try_from(offset.as_millis()).unwrap_or_default();
    if milliseconds(connection)?.unwrap_or_default().abs_diff(offset) < MIN_CHANGE_MILLISECONDS.unsigned_abs()
    {
        return Ok(());
    }
    connection
        .execute("INSERT OR REPLACE INTO clock (only, ahead_milliseconds) VALUES (1, ?1)", [offset])
        .map(drop)
}

fn milliseconds(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT ahead_milliseconds FROM clock", [], |row| row.get(0)).optional()
}
