//! The tables `shared_connection` and `forgotten_record`: the connections that are shared with a team, and what was
//! last seen of their records.
//!
//! A connection whose version is not the stored `grant_version` has a grant that the team does not have yet, or none
//! any more: each write of a grant counts the version up, so that no write can be forgotten. Each change of an app is
//! counted with its connections.

use std::collections::HashSet;

use grapnel_model::error::Error;
use grapnel_model::id::{AppId, ConnectionId, TeamId};
use grapnel_model::team::TeamRefresh;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::column::{Json, Time, maybe_json};

/// A connection that is shared with a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedRow {
    /// The connection.
    pub connection_id: ConnectionId,
    /// The team.
    pub team_id: TeamId,
    /// The random ID of its record in the team's database.
    pub record_id: String,
    /// The highest version of the record that was seen.
    pub record_version: i64,
    /// The highest generation of its keys that was seen.
    pub key_generation: i64,
    /// The highest counter of its definition that was seen.
    pub definition_counter: i64,
    /// The number of the record's grant, which counts sign-ins and refreshes by any machine.
    pub grant_number: i64,
    /// The number of the sign-in that the grant is of.
    pub sign_in_number: i64,
    /// When that sign-in was, by the clock of the computer that made it.
    pub signed_in_at: Option<Timestamp>,
    /// The version of the connection whose grant is that of the record.
    pub grant_version: i64,
    /// Who got that grant.
    pub refreshed: Option<TeamRefresh>,
    /// Since when the team does not have the connection's grant.
    pub pending_since: Option<Timestamp>,
    /// Why it could not be written, or what happened when two machines had new tokens.
    pub conflict: Option<Error>,
    /// The attempt of this computer to stop sharing it, from before it is written until its result is known.
    pub unsharing: Option<String>,
    /// The counter of the definition whose app is the one here.
    pub app_counter: i64,
    /// How often the app was changed here since the team got it.
    pub app_edits: i64,
}

impl SharedRow {
    /// A connection of whose record nothing was seen.
    pub fn new(connection_id: ConnectionId, team_id: TeamId, record_id: String) -> Self {
        Self {
            connection_id,
            team_id,
            record_id,
            record_version: 0,
            key_generation: 0,
            definition_counter: 0,
            grant_number: 0,
            sign_in_number: 0,
            signed_in_at: None,
            grant_version: -1,
            refreshed: None,
            pending_since: None,
            conflict: None,
            unsharing: None,
            app_counter: 0,
            app_edits: 0,
        }
    }
}

const COLUMNS: &str = "s.connection_id, s.team_id, s.record_id, s.record_version, s.key_generation, \
    s.definition_counter, s.grant_number, s.sign_in_number, s.signed_in_at, s.grant_version, s.refreshed, \
    s.pending_since, s.conflict, s.unsharing, s.app_counter, s.app_edits";

/// What is shared of a connection.
pub fn get(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<SharedRow>> {
    let sql = format!("SELECT {COLUMNS} FROM shared_connection s WHERE connection_id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], read).optional()
}

/// The connection of a record.
pub fn of_record(
    connection: &Connection,
    team: &TeamId,
    record_id: &str,
) -> rusqlite::Result<Option<SharedRow>> {
    let sql = format!("SELECT {COLUMNS} FROM shared_connection s WHERE team_id = ?1 AND record_id = ?2");
    connection.prepare_cached(&sql)?.query_row(params![team, record_id], read).optional()
}

/// Every connection that is shared.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<ConnectionId>> {
    let mut all = connection.prepare_cached("SELECT connection_id FROM shared_connection")?;
    all.query_map([], |row| row.get(0))?.collect()
}

/// The connections that are shared with a team.
pub fn of_team(connection: &Connection, team: &TeamId) -> rusqlite::Result<Vec<SharedRow>> {
    let sql = format!("SELECT {COLUMNS} FROM shared_connection s WHERE team_id = ?1 ORDER BY connection_id");
    connection.prepare_cached(&sql)?.query_map([team], read)?.collect()
}

/// The connections with a grant that their team does not have yet, or with none any more.
pub fn pending(connection: &Connection) -> rusqlite::Result<Vec<SharedRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM shared_connection s
         JOIN connection c INDEXED BY connection_version ON c.id = s.connection_id
         WHERE c.version <> s.grant_version OR s.app_edits > 0"
    );
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

/// Whether a connection has a grant that its team does not have yet, or none any more.
pub fn is_pending(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM shared_connection s JOIN connection c ON c.id = s.connection_id
                WHERE c.id = ?1 AND (c.version <> s.grant_version OR s.app_edits > 0))",
        )?
        .query_row([id], |row| row.get(0))
}

/// How many connections are shared with a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub all: u32,
    /// Those with a grant that the team does not have.
    pub pending: u32,
    /// Those whose record was found to be older than what was seen of it, or gone.
    pub rolled_back: u32,
}

/// Counts the connections that are shared with a team.
pub fn counts(connection: &Connection, team: &TeamId) -> rusqlite::Result<Counts> {
    connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM shared_connection WHERE team_id = ?1),
                (SELECT count(*) FROM shared_connection s
                 JOIN connection c INDEXED BY connection_version ON c.id = s.connection_id
                 WHERE s.team_id = ?1 AND (c.version <> s.grant_version OR s.app_edits > 0)),
                (SELECT count(*) FROM shared_connection
                 WHERE team_id = ?1 AND conflict IS NOT NULL AND conflict ->> '$.code' = 'team_rolled_back')",
        )?
        .query_row([team], |row| {
            Ok(Counts { all: row.get(0)?, pending: row.get(1)?, rolled_back: row.get(2)? })
        })
}

/// Stores what is shared of a connection, in place of what was.
pub fn put(connection: &Connection, row: &SharedRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO shared_connection VALUES (:id, :team, :record, :record_version, :generation, :definition,
                :number, :sign_in, :signed_in_at, :grant_version, :refreshed, :pending_since, :conflict, :unsharing,
                :app_counter, 0)
             ON CONFLICT (connection_id) DO UPDATE SET team_id = excluded.team_id, record_id = excluded.record_id,
                record_version = excluded.record_version, key_generation = excluded.key_generation,
                definition_counter = excluded.definition_counter, grant_number = excluded.grant_number,
                sign_in_number = excluded.sign_in_number, signed_in_at = excluded.signed_in_at,
                grant_version = excluded.grant_version, refreshed = excluded.refreshed,
                pending_since = excluded.pending_since, conflict = excluded.conflict,
                unsharing = excluded.unsharing, app_counter = excluded.app_counter",
        )?
        .execute(named_params! {
            ":id": row.connection_id, ":team": row.team_id, ":record": row.record_id,
            ":record_version": row.record_version, ":generation": row.key_generation,
            ":definition": row.definition_counter, ":number": row.grant_number, ":sign_in": row.sign_in_number,
            ":signed_in_at": row.signed_in_at.map(Time), ":grant_version": row.grant_version,
            ":refreshed": row.refreshed.as_ref().map(Json),
            ":pending_since": row.pending_since.map(Time), ":conflict": row.conflict.as_ref().map(Json),
            ":unsharing": row.unsharing, ":app_counter": row.app_counter,
        })
        .map(drop)
}

/// Stores the version of the record that was seen, if it is the highest.
pub fn set_seen(connection: &Connection, id: &ConnectionId, version: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE shared_connection SET record_version = ?2 WHERE connection_id = ?1 AND record_version < ?2",
        )?
        .execute(params![id, version])
        .map(drop)
}

/// Stores since when the team does not have the connection's grant, unless it is known, and why.
pub fn set_pending(
    connection: &Connection,
    id: &ConnectionId,
    since: Timestamp,
    error: &Error,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE shared_connection SET pending_since = coalesce(pending_since, ?2), conflict = ?3
             WHERE connection_id = ?1 AND (pending_since IS NULL OR conflict IS NOT ?3)",
        )?
        .execute(params![id, Time(since), Json(error)])
        .map(drop)
}

/// Stores or clears what is wrong with a connection's record.
pub fn set_conflict(
    connection: &Connection,
    id: &ConnectionId,
    error: Option<&Error>,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE shared_connection SET conflict = ?2 WHERE connection_id = ?1",
            params![id, error.map(Json)],
        )
        .map(drop)
}

/// Counts a change of an app here, which the teams of its connections do not have yet.
pub fn count_app_edit(connection: &Connection, app: &AppId) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE shared_connection SET app_edits = app_edits + 1
             WHERE connection_id IN (SELECT id FROM connection WHERE app_id = ?1)",
            [app],
        )
        .map(drop)
}

/// Records that the team has the app as it was after so many changes.
pub fn settle_app_edits(connection: &Connection, id: &ConnectionId, edits: i64) -> rusqlite::Result<()> {
    let update = "UPDATE shared_connection SET app_edits = app_edits - ?2 WHERE connection_id = ?1";
    connection.execute(update, params![id, edits]).map(drop)
}

/// Records that the app here is that of the definition of this counter.
pub fn set_app_counter(connection: &Connection, id: &ConnectionId, counter: i64) -> rusqlite::Result<()> {
    let update = "UPDATE shared_connection SET app_counter = ?2 WHERE connection_id = ?1";
    connection.execute(update, params![id, counter]).map(drop)
}

/// The shared connections of an app.
pub fn of_app(connection: &Connection, app: &AppId) -> rusqlite::Result<Vec<ConnectionId>> {
    connection
        .prepare_cached(
            "SELECT s.connection_id FROM shared_connection s JOIN connection c ON c.id = s.connection_id
             WHERE c.app_id = ?1",
        )?
        .query_map([app], |row| row.get(0))?
        .collect()
}

/// Whether an app has connections that are not shared with this team.
pub fn has_others(connection: &Connection, team: &TeamId, app: &AppId) -> rusqlite::Result<bool> {
    let query = "SELECT EXISTS (SELECT 1 FROM connection AS c LEFT JOIN shared_connection AS s \
        ON s.connection_id = c.id WHERE c.app_id = ?2 AND s.team_id IS NOT ?1)";
    connection.query_row(query, params![team, app], |row| row.get(0))
}

/// Stores the attempt to stop sharing a connection, or that there is none.
pub fn set_unsharing(
    connection: &Connection,
    id: &ConnectionId,
    attempt: Option<&str>,
) -> rusqlite::Result<()> {
    let update = "UPDATE shared_connection SET unsharing = ?2 WHERE connection_id = ?1";
    connection.execute(update, params![id, attempt]).map(drop)
}

/// Ends the sharing of a connection here.
pub fn remove(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM shared_connection WHERE connection_id = ?1", [id]).map(drop)
}

/// The records of a team whose connections are not to be here.
pub fn forgotten(connection: &Connection, team: &TeamId) -> rusqlite::Result<HashSet<String>> {
    connection
        .prepare_cached("SELECT record_id FROM forgotten_record WHERE team_id = ?1")?
        .query_map([team], |row| row.get(0))?
        .collect()
}

/// Records that the person removed the connection of a record here, or that it is no longer shared.
pub fn set_forgotten(connection: &Connection, team: &TeamId, record_id: &str) -> rusqlite::Result<()> {
    let insert = "INSERT INTO forgotten_record (team_id, record_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.execute(insert, params![team, record_id]).map(drop)
}

/// Records that a record of which nothing is here any more is to be ended when its team can be used again, or that it
/// is not.
pub fn set_to_end(
    connection: &Connection,
    team: &TeamId,
    record_id: &str,
    to_end: bool,
) -> rusqlite::Result<()> {
    let update = "UPDATE forgotten_record SET to_end = ?3 WHERE team_id = ?1 AND record_id = ?2";
    connection.execute(update, params![team, record_id, to_end]).map(drop)
}

/// The records of a team that are to be ended.
pub fn to_end(connection: &Connection, team: &TeamId) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT record_id FROM forgotten_record WHERE team_id = ?1 AND to_end")?
        .query_map([team], |row| row.get(0))?
        .collect()
}

/// Whether the person removed the connection of a record here.
pub fn is_forgotten(connection: &Connection, team: &TeamId, record_id: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM forgotten_record WHERE team_id = ?1 AND record_id = ?2)",
        )?
        .query_row(params![team, record_id], |row| row.get(0))
}

fn read(row: &Row<'_>) -> rusqlite::Result<SharedRow> {
    Ok(SharedRow {
        connection_id: row.get(0)?,
        team_id: row.get(1)?,
        record_id: row.get(2)?,
        record_version: row.get(3)?,
        key_generation: row.get(4)?,
        definition_counter: row.get(5)?,
        grant_number: row.get(6)?,
        sign_in_number: row.get(7)?,
        signed_in_at: row.get::<_, Option<Time>>(8)?.map(|time| time.0),
        grant_version: row.get(9)?,
        refreshed: maybe_json(row, 10)?,
        pending_since: row.get::<_, Option<Time>>(11)?.map(|time| time.0),
        conflict: maybe_json(row, 12)?,
        unsharing: row.get(13)?,
        app_counter: row.get(14)?,
        app_edits: row.get(15)?,
    })
}
