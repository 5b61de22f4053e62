//! The `settings` table.

use grapnel_model::settings::Settings;
use rusqlite::{Connection, OptionalExtension};

use crate::column::{Json, json};

/// The settings; the defaults if none are stored.
pub fn get(connection: &Connection) -> rusqlite::Result<Settings> {
    let found =
        connection.query_row("SELECT value FROM settings", [], |row| json(row, "value")).optional()?;
    Ok(found.unwrap_or_default())
}

/// Stores the settings.
pub fn set(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO settings VALUES (1, ?1) ON CONFLICT DO UPDATE SET value = excluded.value",
            [Json(settings)],
        )
        .map(drop)
}
