//! What says how a connection stands, read without the rest of its row: of ten thousand, each is a line of a list.

use grapnel_model::error::Error;
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::Origins;
use grapnel_model::text::natural_key;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;

use crate::column::{Time, json, maybe_json};
use crate::connection::ConnectionRow;

/// How a connection stands, as far as it is kept.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The id.
    pub id: ConnectionId,
    /// The app that it belongs to.
    pub app_id: AppId,
    /// The name.
    pub name: String,
    /// The version of its grant.
    pub version: i64,
    /// What is held, where anything is.
    pub held: Option<Holding>,
    /// What is wrong with it now.
    pub trouble: Option<Error>,
    /// Where its tokens may be sent, once the addresses of the app have changed.
    pub kept_for: Option<Origins>,
    /// When the next refresh is due after a failed one.
    pub retry_at: Option<Timestamp>,
    /// The scopes that were granted, as far as the provider said.
    pub scopes: Vec<String>,
    /// Whether a refresh token is held.
    pub renews: bool,
    /// The version for which the person was told that it needs them.
    pub told: Option<i64>,
    /// A new sign-in that will be needed.
    pub notice: Option<Notice>,
}

/// A new sign-in that will be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// When it is needed.
    pub due: Timestamp,
    /// From when the person is told.
    pub from: Timestamp,
    /// Whether they were.
    pub is_told: bool,
}

/// Of the tokens that are held, what their standing depends on.
#[derive(Debug, Clone, Deserialize)]
pub struct Holding {
    /// When the access token expires, if that is known.
    pub expires_at: Option<Timestamp>,
}

impl From<&ConnectionRow> for Standing {
    fn from(row: &ConnectionRow) -> Self {
        Self {
            id: row.id.clone(),
            app_id: row.app_id.clone(),
            name: row.name.clone(),
            version: row.version,
            held: row.held().map(|held| Holding { expires_at: held.expires_at }),
            trouble: row.renewals.trouble.clone(),
            kept_for: row.kept_for.clone(),
            retry_at: row.renewals.retry.at,
            scopes: row.scopes.clone(),
            renews: row.sealed_refresh().is_some(),
            told: None,
            notice: row.held().and_then(|held| {
                let (due, from) = (held.sign_in_due()?, held.notice_from()?);
                Some(Notice { due, from, is_told: false })
            }),
        }
    }
}

const COLUMNS: &str = "id, app_id, name, version, held, trouble, kept_for, retry_at, told, sign_in_due, notice_from, noticed, \
    scopes, sealed_refresh IS NOT NULL";

/// Every connection, by name.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<Standing>> {
    let mut all = some(connection, "ORDER BY name")?;
    all.sort_by_cached_key(|row| natural_key(&row.name));
    Ok(all)
}

/// Every connection and its app, by name.
pub fn names(connection: &Connection) -> rusqlite::Result<Vec<(ConnectionId, AppId)>> {
    let mut all = connection.prepare_cached("SELECT id, app_id FROM connection ORDER BY name")?;
    all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Those of which anything is noted besides what they hold. They are few, and have an index.
pub fn noted(connection: &Connection) -> rusqlite::Result<Vec<Standing>> {
    let noted = "trouble IS NOT NULL OR kept_for IS NOT NULL OR retry_at IS NOT NULL OR told IS NOT NULL";
    let mut all = some(connection, &format!("WHERE {noted} ORDER BY id"))?;
    // Each has an index of its own: to join the two conditions would use neither.
    let others = some(connection, &format!("WHERE notice_from IS NOT NULL AND NOT ({noted}) ORDER BY id"))?;
    all.extend(others);
    Ok(all)
}

/// One connection.
pub fn one(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<Standing>> {
    let sql = format!("SELECT {COLUMNS} FROM connection WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], read).optional()
}

/// The connection of this name. ASCII letters match in either case, as they do where names are kept unique.
pub fn named(connection: &Connection, name: &str) -> rusqlite::Result<Option<Standing>> {
    let sql = format!("SELECT {COLUMNS} FROM connection WHERE name = ?1");
    connection.prepare_cached(&sql)?.query_row([name], read).optional()
}

/// How many connections there are, and how many of them hold nothing.
pub fn counts(connection: &Connection) -> rusqlite::Result<(usize, usize)> {
    let count =
        |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| Ok(row.get::<_, u32>(0)? as usize));
    Ok((
        count("SELECT count(*) FROM connection")?,
        count("SELECT count(*) FROM connection WHERE held IS NULL")?,
    ))
}

fn some(connection: &Connection, which: &str) -> rusqlite::Result<Vec<Standing>> {
    let sql = format!("SELECT {COLUMNS} FROM connection {which}");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

/// By number: each name would be looked for among the columns again and again.
fn read(row: &Row<'_>) -> rusqlite::Result<Standing> {
    Ok(Standing {
        id: row.get(0)?,
        app_id: row.get(1)?,
        name: row.get(2)?,
        version: row.get(3)?,
        held: maybe_json(row, 4)?,
        trouble: maybe_json(row, 5)?,
        kept_for: maybe_json(row, 6)?,
        retry_at: row.get::<_, Option<Time>>(7)?.map(|time| time.0),
        told: row.get(8)?,
        notice: read_notice(row)?,
        scopes: json(row, 12)?,
        renews: row.get(13)?,
    })
}

fn read_notice(row: &Row<'_>) -> rusqlite::Result<Option<Notice>> {
    let moment = |column| row.get::<_, Option<Time>>(column).map(|time| time.map(|time| time.0));
    let (Some(due), Some(from)) = (moment(9)?, moment(10)?) else { return Ok(None) };
    Ok(Some(Notice { due, from, is_told: moment(11)? == Some(due) }))
}
