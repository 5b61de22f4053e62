//! The `revocation` table: tokens of disconnected connections that are yet to be revoked.

use grapnel_model::id::{AppId, ConnectionId, RevocationId};
use grapnel_model::provider::Origins;
use grapnel_model::revocation::TokenKind;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::column::{Json, Time, json};
use crate::sealed::Sealed;

/// A token to revoke.
#[derive(Debug, Clone)]
pub struct RevocationRow {
    /// The ID.
    pub id: RevocationId,
    /// The app that it belongs to.
    pub app_id: AppId,
    /// `None` once the connection is deleted.
    pub connection_id: Option<ConnectionId>,
    /// The name of the connection.
    pub name: String,
    /// The kind of token.
    pub kind: TokenKind,
    /// The token.
    pub sealed_token: Sealed,
    /// The origins it may be sent to.
    pub allowed_origins: Origins,
    /// When the person disconnected.
    pub begun_at: Timestamp,
    /// How many requests failed.
    pub failures: u32,
    /// When the next request is due.
    pub retry_at: Timestamp,
    /// For an access token: whether the provider has revoked the refresh token of the same grant.
    pub is_refresh_revoked: bool,
}

/// Adds a token to revoke.
pub fn insert(connection: &Connection, row: &RevocationRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO revocation VALUES (:id, :app_id, :connection_id, :name, :kind, :token, :kept_for, :begun_at, \
             :failures, :retry_at, :is_refresh_revoked)",
            named_params! {
                ":id": row.id, ":app_id": row.app_id, ":connection_id": row.connection_id, ":name": row.name,
                ":kind": Json(row.kind), ":token": row.sealed_token, ":kept_for": Json(&row.allowed_origins),
                ":begun_at": Time(row.begun_at),
                ":failures": row.failures, ":retry_at": Time(row.retry_at),
                ":is_refresh_revoked": row.is_refresh_revoked,
            },
        )
        .map(drop)
}

/// A token to revoke; `None` if it was deleted.
pub fn get(connection: &Connection, id: &RevocationId) -> rusqlite::Result<Option<RevocationRow>> {
    connection.query_row("SELECT * FROM revocation WHERE id = ?1", [id], read).optional()
}

/// All tokens to revoke.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<RevocationRow>> {
    connection.prepare("SELECT * FROM revocation")?.query_map([], read)?.collect()
}

/// The tokens to revoke of a connection.
pub fn of(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Vec<RevocationRow>> {
    connection
        .prepare_cached("SELECT * FROM revocation WHERE connection_id = ?1")?
        .query_map([id], read)?
        .collect()
}

/// The names of the connections whose tokens are yet to be revoked through an app.
pub fn of_app(connection: &Connection, id: &AppId) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT DISTINCT name FROM revocation WHERE app_id = ?1 ORDER BY name")?
        .query_map([id], |row| row.get(0))?
        .collect()
}

/// Starts a request that was due at `due` by moving its time to `until`. Returns whether no other process has started
/// it.
pub fn begin(
    connection: &Connection,
    id: &RevocationId,
    due: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<bool> {
    let begun = connection.execute(
        "UPDATE revocation SET retry_at = ?3 WHERE id = ?1 AND retry_at = ?2",
        params![id, Time(due), Time(until)],
    )?;
    Ok(begun == 1)
}

/// Counts a failed request and schedules the next.
pub fn put_off(connection: &Connection, id: &RevocationId, until: Timestamp) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE revocation SET failures = failures + 1, retry_at = ?2 WHERE id = ?1",
            params![id, Time(until)],
        )
        .map(drop)
}

/// The state of the refresh token of the same grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshToken {
    /// The provider revoked it.
    Revoked,
    /// Its revocation is pending.
    RequestParameters,
    /// There was none, or the provider did not revoke it.
    None,
}

/// The state of the refresh token that was disconnected together with this token.
pub fn refresh_token_of(connection: &Connection, row: &RevocationRow) -> rusqlite::Result<RefreshToken> {
    if get(connection, &row.id)?.is_some_and(|row| row.is_refresh_revoked) {
        return Ok(RefreshToken::Revoked);
    }
    let others = "SELECT 1 FROM revocation WHERE app_id = ?1 AND name = ?2 AND begun_at = ?3 AND kind = ?4";
    let of = params![row.app_id, row.name, Time(row.begun_at), Json(TokenKind::RefreshToken)];
    let is_asked = connection.prepare(others)?.exists(of)?;
    Ok(if is_asked { RefreshToken::RequestParameters } else { RefreshToken::None })
}

/// Marks the tokens of the same disconnect: the provider has revoked their refresh token.
pub fn refresh_token_is_revoked(connection: &Connection, row: &RevocationRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE revocation SET is_refresh_revoked = 1 WHERE app_id = ?1 AND name = ?2 AND begun_at = ?3",
            params![row.app_id, row.name, Time(row.begun_at)],
        )
        .map(drop)
}

/// Deletes a token: it is revoked, or revoking it was given up.
pub fn remove(connection: &Connection, id: &RevocationId) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM revocation WHERE id = ?1", [id]).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<RevocationRow> {
    Ok(RevocationRow {
        id: row.get("id")?,
        app_id: row.get("app_id")?,
        connection_id: row.get("connection_id")?,
        name: row.get("name")?,
        kind: json(row, "kind")?,
        sealed_token: row.get("sealed_token")?,
        allowed_origins: json(row, "kept_for")?,
        begun_at: row.get::<_, Time>("begun_at")?.0,
        failures: row.get("failures")?,
        retry_at: row.get::<_, Time>("retry_at")?.0,
        is_refresh_revoked: row.get("is_refresh_revoked")?,
    })
}
