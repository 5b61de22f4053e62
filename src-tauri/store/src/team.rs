//! The tables `team` and `team_identity`: the teams that this person is a member of.

use grapnel_model::id::TeamId;
use grapnel_model::team::{TeamMember, TeamRole, TeamUnreachable};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::column::{Json, Time, json, maybe_json};
use crate::sealed::Sealed;

/// The ID of the one row of `team_identity`.
pub const OWN_IDENTITY: &str = "own";

/// This person as a member of teams, and this computer.
#[derive(Debug, Clone)]
pub struct IdentityRow {
    /// The random ID of this data directory, by which others see which machine has begun a refresh.
    pub machine_id: String,
    /// The public key (age).
    pub recipient: String,
    /// The private key.
    pub sealed_identity: Sealed,
}

/// A team.
#[derive(Debug, Clone)]
pub struct TeamRow {
    /// The ID.
    pub id: TeamId,
    /// The name.
    pub name: String,
    /// The host of the database.
    pub host: String,
    /// The name of the database; `None` until it is opened again, if it was joined by an older Grapnel.
    pub database_name: Option<String>,
    /// The schema of the database.
    pub schema_name: String,
    /// The version of that schema when it was last opened.
    pub schema_version: Option<u32>,
    /// The ID of this member.
    pub member_id: String,
    /// What this member may do.
    pub role: TeamRole,
    /// The URL of the database.
    pub sealed_url: Sealed,
    /// This member's private key, if it is not this person's own.
    pub sealed_identity: Option<Sealed>,
    /// The members when the database was last reached.
    pub members: Vec<TeamMember>,
    /// The highest version of the membership that was seen.
    pub membership_version: i64,
    /// What was seen of the membership, as JSON: older or forged ones are known by it.
    pub seen: String,
    /// When the database was last reached.
    pub reached_at: Option<Timestamp>,
    /// Since when it cannot be used, and why.
    pub unreachable: Option<TeamUnreachable>,
}

/// This person's identity, if there is one.
pub fn identity(connection: &Connection) -> rusqlite::Result<Option<IdentityRow>> {
    let sql = "SELECT machine_id, recipient, sealed_identity FROM team_identity WHERE id = ?1";
    let read = |row: &Row<'_>| {
        Ok(IdentityRow { machine_id: row.get(0)?, recipient: row.get(1)?, sealed_identity: row.get(2)? })
    };
    connection.prepare_cached(sql)?.query_row([OWN_IDENTITY], read).optional()
}

/// Stores an identity, unless there is one. Returns the stored one.
pub fn insert_identity_if_absent(
    connection: &Connection,
    new: &IdentityRow,
) -> rusqlite::Result<IdentityRow> {
    connection.execute(
        "INSERT INTO team_identity (id, machine_id, recipient, sealed_identity) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        params![OWN_IDENTITY, new.machine_id, new.recipient, new.sealed_identity],
    )?;
    identity(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Every team, by name.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<TeamRow>> {
    connection.prepare_cached("SELECT * FROM team ORDER BY name")?.query_map([], read)?.collect()
}

/// A team.
pub fn get(connection: &Connection, id: &TeamId) -> rusqlite::Result<Option<TeamRow>> {
    connection.prepare_cached("SELECT * FROM team WHERE id = ?1")?.query_row([id], read).optional()
}

/// The team of this name, ignoring ASCII case.
pub fn named(connection: &Connection, name: &str) -> rusqlite::Result<Option<TeamRow>> {
    connection.prepare_cached("SELECT * FROM team WHERE name = ?1")?.query_row([name], read).optional()
}

/// Adds a team.
pub fn insert(connection: &Connection, team: &TeamRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO team (id, name, host, database_name, schema_name, schema_version, member_id, role, sealed_url,
                sealed_identity, members, membership_version, seen, reached_at, unreachable)
             VALUES (:id, :name, :host, :database, :schema, :schema_version, :member, :role, :url, :identity,
                :members, :version, :seen, :reached_at, :unreachable)",
            named_params! {
                ":id": team.id, ":name": team.name, ":host": team.host, ":database": team.database_name,
                ":schema": team.schema_name, ":schema_version": team.schema_version,
                ":member": team.member_id, ":role": Json(&team.role), ":url": team.sealed_url,
                ":identity": team.sealed_identity, ":members": Json(&team.members),
                ":version": team.membership_version, ":seen": team.seen, ":reached_at": team.reached_at.map(Time),
                ":unreachable": team.unreachable.as_ref().map(Json),
            },
        )
        .map(drop)
}

/// Stores the membership of `version`, unless a newer one was seen. Returns whether it is the newest.
pub fn set_membership(
    connection: &Connection,
    id: &TeamId,
    (version, seen): (i64, &str),
    (role, members): (TeamRole, &[TeamMember]),
) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE team SET membership_version = ?2, seen = ?3, role = ?4, members = ?5
         WHERE id = ?1 AND membership_version <= ?2",
        params![id, version, seen, Json(&role), Json(members)],
    )?;
    Ok(changed == 1)
}

/// Replaces the URL of the database, and its host and name as they are shown.
pub fn set_url(
    connection: &Connection,
    id: &TeamId,
    (host, database): (&str, &str),
    sealed_url: &Sealed,
) -> rusqlite::Result<()> {
    let set = "UPDATE team SET host = ?2, database_name = ?3, sealed_url = ?4 WHERE id = ?1";
    connection.execute(set, params![id, host, database, sealed_url]).map(drop)
}

/// Stores the name of the database and the version of its schema, as it was opened.
pub fn set_opened(
    connection: &Connection,
    id: &TeamId,
    (database, schema_version): (&str, u32),
) -> rusqlite::Result<()> {
    let set = "UPDATE team SET database_name = ?2, schema_version = ?3 WHERE id = ?1";
    connection.execute(set, params![id, database, schema_version]).map(drop)
}

/// Records that the database was reached. Returns whether it could not be before.
pub fn set_reached(connection: &Connection, id: &TeamId, at: Timestamp) -> rusqlite::Result<bool> {
    let was = "UPDATE team SET unreachable = NULL, reached_at = ?2 WHERE id = ?1 AND unreachable IS NOT NULL";
    if connection.execute(was, params![id, Time(at)])? == 1 {
        return Ok(true);
    }
    connection.execute("UPDATE team SET reached_at = ?2 WHERE id = ?1", params![id, Time(at)])?;
    Ok(false)
}

/// Records that the database cannot be used; keeps since when. Returns whether that is new.
pub fn set_unreachable(
    connection: &Connection,
    id: &TeamId,
    now: &TeamUnreachable,
) -> rusqlite::Result<bool> {
    let Some(team) = get(connection, id)? else { return Ok(false) };
    let since = team.unreachable.as_ref().map_or(now.since, |before| before.since);
    let is_same = team.unreachable.as_ref().is_some_and(|before| before.error == now.error);
    if !is_same {
        let unreachable = TeamUnreachable { since, error: now.error.clone() };
        let set = "UPDATE team SET unreachable = ?2 WHERE id = ?1";
        connection.execute(set, params![id, Json(&unreachable)])?;
    }
    Ok(team.unreachable.is_none())
}

/// Removes a team. Its connections stay, and are not shared any more.
pub fn remove(connection: &Connection, id: &TeamId) -> rusqlite::Result<bool> {
    Ok(connection.execute("DELETE FROM team WHERE id = ?1", [id])? == 1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<TeamRow> {
    Ok(TeamRow {
        id: row.get("id")?,
        name: row.get("name")?,
        host: row.get("host")?,
        database_name: row.get("database_name")?,
        schema_name: row.get("schema_name")?,
        schema_version: row.get("schema_version")?,
        member_id: row.get("member_id")?,
        role: json(row, "role")?,
        sealed_url: row.get("sealed_url")?,
        sealed_identity: row.get("sealed_identity")?,
        members: json(row, "members")?,
        membership_version: row.get("membership_version")?,
        seen: row.get("seen")?,
        reached_at: row.get::<_, Option<Time>>("reached_at")?.map(|time| time.0),
        unreachable: maybe_json(row, "unreachable")?,
    })
}
