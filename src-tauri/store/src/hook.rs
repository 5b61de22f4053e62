//! The tables `hook` and `hook_snapshot`.

use grapnel_model::connection_event::ConnectionSnapshot;
use grapnel_model::hook::HookRun;
use grapnel_model::id::{ConnectionId, HookId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::column::{Json, json, maybe_json};
use crate::sealed::Sealed;

/// A stored hook.
#[derive(Debug, Clone)]
pub struct HookRow {
    /// Its ID.
    pub id: HookId,
    /// The encrypted event and command.
    pub sealed_command: Sealed,
    /// The last run.
    pub last_run: Option<HookRun>,
}

/// Every hook, in the order in which they were added.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<HookRow>> {
    connection
        .prepare_cached("SELECT id, sealed_command, last_run FROM hook ORDER BY rowid")?
        .query_map([], |row| {
            Ok(HookRow { id: row.get(0)?, sealed_command: row.get(1)?, last_run: maybe_json(row, 2)? })
        })?
        .collect()
}

/// Whether there is a hook.
pub fn is_any(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM hook)")?.query_row([], |row| row.get(0))
}

/// Adds a hook.
pub fn insert(connection: &Connection, id: &HookId, sealed_command: &Sealed) -> rusqlite::Result<()> {
    let insert = "INSERT INTO hook (id, sealed_command) VALUES (?1, ?2)";
    connection.execute(insert, params![id, sealed_command]).map(drop)
}

/// Removes a hook; returns whether it existed. With the last one, the snapshots are removed.
pub fn remove(connection: &Connection, id: &HookId) -> rusqlite::Result<bool> {
    let removed = connection.execute("DELETE FROM hook WHERE id = ?1", [id])? > 0;
    connection.execute("DELETE FROM hook_snapshot WHERE NOT EXISTS (SELECT 1 FROM hook)", [])?;
    Ok(removed)
}

/// Stores the last run of a hook.
pub fn set_last_run(connection: &Connection, id: &HookId, run: &HookRun) -> rusqlite::Result<()> {
    connection.execute("UPDATE hook SET last_run = ?2 WHERE id = ?1", params![id, Json(run)]).map(drop)
}

/// Whether there is a snapshot of any connection.
pub fn has_snapshots(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM hook_snapshot)", [], |row| row.get(0))
}

/// A connection as it was when the hooks last ran for it.
pub fn snapshot(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<ConnectionSnapshot>> {
    let mut found =
        connection.prepare_cached("SELECT snapshot FROM hook_snapshot WHERE connection_id = ?1")?;
    found.query_row([id], |row| json(row, 0)).optional()
}

/// Stores a snapshot of a connection; deletes it for `None`.
pub fn set_snapshot(
    connection: &Connection,
    id: &ConnectionId,
    snapshot: Option<&ConnectionSnapshot>,
) -> rusqlite::Result<()> {
    let Some(snapshot) = snapshot else {
        return connection.execute("DELETE FROM hook_snapshot WHERE connection_id = ?1", [id]).map(drop);
    };
    let upsert =
        "INSERT INTO hook_snapshot VALUES (?1, ?2) ON CONFLICT DO UPDATE SET snapshot = excluded.snapshot";
    connection.prepare_cached(upsert)?.execute(params![id, Json(snapshot)]).map(drop)
}

/// Every connection that exists or of which there is a snapshot.
pub fn connections(connection: &Connection) -> rusqlite::Result<Vec<ConnectionId>> {
    connection
        .prepare_cached("SELECT id FROM connection UNION SELECT connection_id FROM hook_snapshot")?
        .query_map([], |row| row.get(0))?
        .collect()
}
