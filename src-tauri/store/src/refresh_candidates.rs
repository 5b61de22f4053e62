//! The columns that decide when a connection is refreshed. The scheduler reads only these.

use grapnel_model::error::Error;
use grapnel_model::id::{AppId, ConnectionId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;

use crate::column::{json, maybe_json};
use crate::connection::{Retry, read_retry};

/// A connection that can be refreshed without a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshCandidate {
    /// The ID.
    pub id: ConnectionId,
    /// The app that it belongs to.
    pub app_id: AppId,
    /// The version of its grant.
    pub version: i64,
    /// When the tokens were issued.
    pub issued_at: Timestamp,
    /// When the access token expires; `None` if that is unknown.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token expires, if a refresh extends it.
    pub refresh_expires_at: Option<Timestamp>,
    /// Whether it needs a new sign-in.
    pub is_refused: bool,
    /// The failed refreshes.
    pub retry: Retry,
}

const COLUMNS: &str =
    "id, app_id, version, held, trouble, failures, failed_at, retry_at, quiet_until, answer_lost, refusals";

/// Which connections these are: with a refresh token, or with a token of the client itself.
const WHICH: &str =
    "(sealed_refresh IS NOT NULL OR held ->> '$.grant_type' IN ('client_credentials', 'jwt_bearer'))";

/// Every connection that can be refreshed without a person.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<RefreshCandidate>> {
    connection
        .prepare(&format!("SELECT {COLUMNS} FROM connection WHERE {WHICH}"))?
        .query_map([], read)?
        .collect()
}

/// A connection, if it can be refreshed without a person.
pub fn one(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<RefreshCandidate>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM connection WHERE id = ?1 AND {WHICH}"))?
        .query_row([id], read)
        .optional()
}

/// The lifetimes in the `held` column.
#[derive(Deserialize)]
struct Lifetimes {
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
    #[serde(default)]
    refresh_expires_at: Option<Timestamp>,
    #[serde(default)]
    refresh_end_is_fixed: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<RefreshCandidate> {
    let held: Lifetimes = json(row, "held")?;
    let error: Option<Error> = maybe_json(row, "trouble")?;
    Ok(RefreshCandidate {
        id: row.get("id")?,
        app_id: row.get("app_id")?,
        version: row.get("version")?,
        issued_at: held.issued_at,
        expires_at: held.expires_at,
        refresh_expires_at: held.refresh_expires_at.filter(|_| !held.refresh_end_is_fixed),
        is_refused: error.is_some_and(|error| error.code.needs_person()),
        retry: read_retry(row)?,
    })
}
