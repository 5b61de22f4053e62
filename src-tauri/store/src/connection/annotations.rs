//! The name of a connection, and what the person notes about it.

use grapnel_model::annotations::Annotations;
use grapnel_model::id::ConnectionId;
use grapnel_model::text::natural_key;
use rusqlite::{Connection, Row, params};

/// Stores a name. Returns whether the connection exists.
///
/// # Errors
/// Another connection has the name.
pub fn set_name(connection: &Connection, id: &ConnectionId, name: &str) -> rusqlite::Result<bool> {
    let update = "UPDATE connection SET name = ?2, sort_key = ?3 WHERE id = ?1";
    Ok(connection.execute(update, params![id, name, natural_key(name)])? == 1)
}

/// Stores the keys by which the names of all connections sort.
pub(crate) fn fill_sort_keys(connection: &Connection) -> rusqlite::Result<()> {
    let mut all = connection.prepare("SELECT id, name FROM connection")?;
    let all: Vec<(String, String)> =
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut update = connection.prepare("UPDATE connection SET sort_key = ?2 WHERE id = ?1")?;
    all.iter().try_for_each(|(id, name)| update.execute(params![id, natural_key(name)]).map(drop))
}

/// Stores the annotations. Returns whether the connection exists.
pub fn set_annotations(
    connection: &Connection,
    id: &ConnectionId,
    annotations: &Annotations,
) -> rusqlite::Result<bool> {
    let Annotations { label, note, pinned, position } = annotations;
    let changed = connection.execute(
        "UPDATE connection SET label = ?2, note = ?3, pinned = ?4, position = ?5 WHERE id = ?1",
        params![id, label, note, pinned, position],
    )?;
    Ok(changed == 1)
}

/// Stores the place of a connection in the person's own order; `None` for none.
pub fn set_position(
    connection: &Connection,
    id: &ConnectionId,
    position: Option<u32>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE connection SET position = ?2 WHERE id = ?1 AND position IS NOT ?2")?
        .execute(params![id, position])
        .map(drop)
}

/// A label as other connections spell it: labels that differ in nothing but case are one.
pub fn known_label(connection: &Connection, id: &ConnectionId, label: &str) -> rusqlite::Result<String> {
    let mut known = connection.prepare(
        "SELECT DISTINCT label FROM connection WHERE label IS NOT NULL AND id <> ?1 ORDER BY created_at",
    )?;
    let known: rusqlite::Result<Vec<String>> = known.query_map([id], |row| row.get(0))?.collect();
    let equal = |other: &String| other.to_lowercase() == label.to_lowercase();
    Ok(known?.into_iter().find(equal).unwrap_or_else(|| label.to_owned()))
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Annotations> {
    Ok(Annotations {
        label: row.get("label")?,
        note: row.get("note")?,
        pinned: row.get("pinned")?,
        position: row.get("position")?,
    })
}
