//! The `derived_token` table: tokens that token exchange (RFC 8693) issued for a connection's access token. They end
//! with the sign-in that they were derived from.

use grapnel_model::connection::TokenMetadata;
use grapnel_model::derived_token::{DerivedTokenView, IssuedToken, TokenTarget};
use grapnel_model::error::Error;
use grapnel_model::id::{ConnectionId, DerivedTokenId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::column::{Json, Time, json, maybe_json};
use crate::sealed::Sealed;

/// How many are kept of a connection. A script that asks for ever new targets displaces the oldest.
const MAX_PER_CONNECTION: u32 = 100;

/// A derived token.
#[derive(Debug, Clone)]
pub struct DerivedTokenRow {
    /// The ID.
    pub id: DerivedTokenId,
    /// What it is for.
    pub target: TokenTarget,
    /// The token and what the provider says about it; `None` if there was none before the last exchange failed.
    pub issued: Option<(Sealed, IssuedToken)>,
    /// Why the last exchange failed, if it did.
    pub error: Option<Error>,
    /// Until when callers get that error instead of another request.
    pub quiet_until: Option<Timestamp>,
}

impl From<DerivedTokenRow> for DerivedTokenView {
    fn from(row: DerivedTokenRow) -> Self {
        let DerivedTokenRow { id, target, issued, error, .. } = row;
        Self { id, target, issued: issued.map(|(_, issued)| issued), error }
    }
}

/// The derived token of a connection with this target.
pub fn get(
    connection: &Connection,
    of: &ConnectionId,
    target: &TokenTarget,
) -> rusqlite::Result<Option<DerivedTokenRow>> {
    connection
        .prepare_cached("SELECT * FROM derived_token WHERE connection_id = ?1 AND target_key = ?2")?
        .query_row(params![of, target.key()], read)
        .optional()
}

/// The derived tokens of a connection, in a stable order.
pub fn all(connection: &Connection, of: &ConnectionId) -> rusqlite::Result<Vec<DerivedTokenRow>> {
    connection
        .prepare_cached("SELECT * FROM derived_token WHERE connection_id = ?1 ORDER BY target_key")?
        .query_map([of], read)?
        .collect()
}

/// Stores a derived token in place of the one with its target, if the connection still has the tokens of the sign-in at
/// `signed_in_at`. Returns whether it has.
pub fn put(
    connection: &Connection,
    (of, signed_in_at): (&ConnectionId, Option<Timestamp>),
    row: &DerivedTokenRow,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let held = connection
        .query_row("SELECT held FROM connection WHERE id = ?1", [of], |row| maybe_json(row, "held"))
        .optional()?;
    let held: Option<TokenMetadata> = held.flatten();
    let is_current = held.is_some_and(|held| held.signed_in_at == signed_in_at);
    if !is_current {
        return Ok(false);
    }
    connection.execute(
        "DELETE FROM derived_token WHERE connection_id = ?1 AND target_key = ?2",
        params![of, row.target.key()],
    )?;
    connection.execute(
        "INSERT INTO derived_token VALUES (:id, :of, :key, :target, :token, :issued, :error, :quiet, :at)",
        named_params! {
            ":id": row.id, ":of": of, ":key": row.target.key(), ":target": Json(&row.target),
            ":token": row.issued.as_ref().map(|(token, _)| token),
            ":issued": row.issued.as_ref().map(|(_, issued)| Json(issued)), ":error": row.error.as_ref().map(Json),
            ":quiet": row.quiet_until.map(Time), ":at": Time(at),
        },
    )?;
    let oldest =
        "DELETE FROM derived_token WHERE rowid IN (SELECT rowid FROM derived_token WHERE connection_id = ?1
        ORDER BY changed_at DESC, rowid DESC LIMIT -1 OFFSET ?2)";
    connection.execute(oldest, params![of, MAX_PER_CONNECTION])?;
    Ok(true)
}

/// Deletes a derived token of a connection.
pub fn remove(connection: &Connection, of: &ConnectionId, id: &DerivedTokenId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM derived_token WHERE connection_id = ?1 AND id = ?2";
    connection.execute(sql, params![of, id]).map(drop)
}

/// Deletes all derived tokens of a connection: the sign-in that they were derived from is over.
pub fn clear(connection: &Connection, of: &ConnectionId) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM derived_token WHERE connection_id = ?1", [of]).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<DerivedTokenRow> {
    let token: Option<Sealed> = row.get("sealed_token")?;
    Ok(DerivedTokenRow {
        id: row.get("id")?,
        target: json(row, "target")?,
        issued: token.zip(maybe_json(row, "issued")?),
        error: maybe_json(row, "error")?,
        quiet_until: row.get::<_, Option<Time>>("quiet_until")?.map(|time| time.0),
    })
}
