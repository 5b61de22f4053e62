//! The columns that decide a connection's status. List views read only these, so that 10,000 rows stay fast.

use grapnel_model::annotations::Annotations;
use grapnel_model::error::Error;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::{GrantType, Origins};
use grapnel_model::text::natural_key;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Deserialize;

use crate::column::{Time, json, maybe_json};
use crate::connection::ConnectionRow;

/// The stored part of a connection's status.
#[derive(Debug, Clone)]
pub struct ConnectionStatus {
    /// The ID.
    pub id: ConnectionId,
    /// The app that it belongs to.
    pub app_id: AppId,
    /// The name.
    pub name: String,
    /// The version of its grant.
    pub version: i64,
    /// The access token; `None` without a grant.
    pub held: Option<HeldToken>,
    /// What is wrong with it now.
    pub error: Option<Error>,
    /// The origins that its tokens may be sent to, if the app's endpoints have changed since.
    pub allowed_origins: Option<Origins>,
    /// When a failed refresh is retried.
    pub retry_at: Option<Timestamp>,
    /// The granted scopes, as far as the provider returns them.
    pub scopes: Vec<String>,
    /// Whether it has a refresh token.
    pub refreshes: bool,
    /// Whether its sign-in gave an ID token.
    pub has_id_token: bool,
    /// The version for which the person was notified of a problem.
    pub notified_version: Option<i64>,
    /// A new sign-in that will be needed.
    pub notice: Option<Notice>,
    /// What the person notes about it.
    pub annotations: Annotations,
    /// The name of the team that it is shared with.
    pub team: Option<String>,
}

/// A new sign-in that will be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// When it is needed.
    pub due: Timestamp,
    /// When the person is notified.
    pub from: Timestamp,
    /// Whether the person was notified.
    pub is_notified: bool,
}

/// What the status depends on in the `held` column.
#[derive(Debug, Clone, Deserialize)]
pub struct HeldToken {
    /// When the access token expires; `None` if that is unknown.
    pub expires_at: Option<Timestamp>,
    /// The grant that issued it.
    #[serde(default)]
    pub grant_type: GrantType,
}

impl ConnectionStatus {
    /// Whether it has a refresh token, or its token is the client's own, so that no person is needed for a new one.
    pub fn can_refresh(&self) -> bool {
        self.held.as_ref().is_some_and(|held| self.refreshes || !held.grant_type.has_person())
    }
}

impl From<&ConnectionRow> for ConnectionStatus {
    fn from(row: &ConnectionRow) -> Self {
        Self {
            id: row.id.clone(),
            app_id: row.app_id.clone(),
            name: row.name.clone(),
            version: row.version,
            held: row
                .token_metadata()
                .map(|held| HeldToken { expires_at: held.expires_at, grant_type: held.grant_type }),
            error: row.refresh_status.error.clone(),
            allowed_origins: row.allowed_origins.clone(),
            retry_at: row.refresh_status.retry.at,
            scopes: row.scopes.clone(),
            refreshes: row.sealed_refresh().is_some(),
            has_id_token: row.identity.id_claims.is_some(),
            notified_version: None,
            notice: row.token_metadata().and_then(|held| {
                let (due, from) = (held.sign_in_due()?, held.notice_from()?);
                Some(Notice { due, from, is_notified: false })
            }),
            annotations: row.annotations.clone(),
            team: None,
        }
    }
}

const COLUMNS: &str = "id, app_id, name, version, held, trouble, kept_for, retry_at, told, sign_in_due, notice_from, \
    noticed, scopes, sealed_refresh IS NOT NULL, id_claims IS NOT NULL, label, note, pinned, position, \
    (SELECT t.name FROM shared_connection s JOIN team t ON t.id = s.team_id WHERE s.connection_id = connection.id)";

/// Every connection, by name.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<ConnectionStatus>> {
    let mut all = some(connection, "ORDER BY name")?;
    all.sort_by_cached_key(|row| natural_key(&row.name));
    Ok(all)
}

/// The place of a connection in the window's list: pinned ones, then those with a place in the person's own order, then
/// the others by name.
pub type ListPlace = (bool, bool, Option<u32>, Vec<u8>);

/// The first connections of an app in the order of the window's list, at most `many`.
pub fn first_of_app(
    connection: &Connection,
    app: &AppId,
    many: u32,
) -> rusqlite::Result<Vec<(ListPlace, ConnectionId)>> {
    connection
        .prepare_cached(
            "SELECT NOT pinned, position IS NULL, position, sort_key, id FROM connection WHERE app_id = ?1
             ORDER BY pinned DESC, position IS NULL, position, sort_key, id LIMIT ?2",
        )?
        .query_map(params![app, many], |row| {
            Ok(((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?), row.get(4)?))
        })?
        .collect()
}

/// The connections with anything to report: a problem, a restriction, a retry, a notification. They are few, and have
/// an index.
pub fn needing_attention(connection: &Connection) -> rusqlite::Result<Vec<ConnectionStatus>> {
    let noted = "trouble IS NOT NULL OR kept_for IS NOT NULL OR retry_at IS NOT NULL OR told IS NOT NULL";
    let mut all = some(connection, &format!("WHERE {noted} ORDER BY id"))?;
    // Each condition has its own index; joined by OR, neither would be used.
    let others = some(connection, &format!("WHERE notice_from IS NOT NULL AND NOT ({noted}) ORDER BY id"))?;
    all.extend(others);
    Ok(all)
}

/// One connection.
pub fn one(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<ConnectionStatus>> {
    let sql = format!("SELECT {COLUMNS} FROM connection WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], read).optional()
}

/// The connection of this name. ASCII letters match in either case, as in the unique index.
pub fn named(connection: &Connection, name: &str) -> rusqlite::Result<Option<ConnectionStatus>> {
    let sql = format!("SELECT {COLUMNS} FROM connection WHERE name = ?1");
    connection.prepare_cached(&sql)?.query_row([name], read).optional()
}

/// The number of connections, and of those without a grant.
pub fn counts(connection: &Connection) -> rusqlite::Result<(usize, usize)> {
    let count =
        |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| Ok(row.get::<_, u32>(0)? as usize));
    Ok((
        count("SELECT count(*) FROM connection")?,
        count("SELECT count(*) FROM connection WHERE held IS NULL")?,
    ))
}

fn some(connection: &Connection, which: &str) -> rusqlite::Result<Vec<ConnectionStatus>> {
    let sql = format!("SELECT {COLUMNS} FROM connection {which}");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

/// Reads columns by number: a lookup by name compares all column names for each row.
fn read(row: &Row<'_>) -> rusqlite::Result<ConnectionStatus> {
    Ok(ConnectionStatus {
        id: row.get(0)?,
        app_id: row.get(1)?,
        name: row.get(2)?,
        version: row.get(3)?,
        held: maybe_json(row, 4)?,
        error: maybe_json(row, 5)?,
        allowed_origins: maybe_json(row, 6)?,
        retry_at: row.get::<_, Option<Time>>(7)?.map(|time| time.0),
        notified_version: row.get(8)?,
        notice: read_notice(row)?,
        scopes: json(row, 12)?,
        refreshes: row.get(13)?,
        has_id_token: row.get(14)?,
        annotations: Annotations {
            label: row.get(15)?,
            note: row.get(16)?,
            pinned: row.get(17)?,
            position: row.get(18)?,
        },
        team: row.get(19)?,
    })
}

fn read_notice(row: &Row<'_>) -> rusqlite::Result<Option<Notice>> {
    let moment = |column| row.get::<_, Option<Time>>(column).map(|time| time.map(|time| time.0));
    let (Some(due), Some(from)) = (moment(9)?, moment(10)?) else { return Ok(None) };
    Ok(Some(Notice { due, from, is_notified: moment(11)? == Some(due) }))
}
