//! The `attempt` table: sign-ins. A callback that starts the program finds its sign-in here.

use grapnel_model::attempt::{Message, Phase};
use grapnel_model::authorization_details::AuthorizationDetails;
use grapnel_model::error::Error;
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::provider::GrantType;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::column::{Json, Time, json, maybe_json};
use crate::sealed::Sealed;

/// A row of the `attempt` table.
#[derive(Debug, Clone)]
pub struct AttemptRow {
    /// The ID.
    pub id: AttemptId,
    /// The app that it belongs to.
    pub app_id: AppId,
    /// The grant by which it obtains tokens.
    pub grant_type: GrantType,
    /// The connection that is being reconnected, or that the sign-in has created.
    pub connection_id: Option<ConnectionId>,
    /// The name for a new connection, if the person chose one.
    pub name: Option<String>,
    /// The digest of the `state` parameter that was sent.
    pub state_hash: Vec<u8>,
    /// The PKCE code verifier, or the device code, until the sign-in ends.
    pub sealed_verifier: Option<Sealed>,
    /// The authorization URL, or the codes and addresses for another device, until the sign-in ends.
    pub sealed_url: Option<Sealed>,
    /// The key that the tokens are to be bound to, until the sign-in ends.
    pub sealed_dpop: Option<Sealed>,
    /// The redirect URI that was sent; empty for a grant without a callback.
    pub redirect_uri: String,
    /// Its progress.
    pub phase: Phase,
    /// When it started.
    pub started_at: Timestamp,
    /// When the sign-in times out.
    pub expires_at: Timestamp,
    /// The messages of the sign-in, with every secret masked.
    pub exchange: Vec<Message>,
    /// Why it failed.
    pub error: Option<Error>,
    /// The browser that was chosen for this sign-in; empty for the one in the settings.
    pub browser: Option<String>,
    /// Why the last callback was refused.
    pub refused: Option<Error>,
    /// The digest of the `nonce` that was sent, if any.
    pub nonce_hash: Option<Vec<u8>>,
    /// How old the authentication may be that was asked for, in seconds.
    pub max_age: Option<u32>,
    /// The authorization details that were asked for, if any.
    pub authorization_details: Option<AuthorizationDetails>,
    /// Whether another account may replace the connection's account without confirmation.
    pub replaces_account: bool,
    /// The connection that was to be reconnected, if another account signed in.
    pub intended_connection: Option<ConnectionId>,
}

/// Adds a sign-in.
pub fn insert(connection: &Connection, attempt: &AttemptRow) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO attempt (id, app_id, connection_id, name, state_hash, sealed_verifier, sealed_url, \
             redirect_uri, phase,
                started_at, expires_at, exchange, browser, nonce_hash, max_age, replaces_account, grant_type,
                sealed_dpop, authorization_details)
             VALUES (:id, :app_id, :connection_id, :name, :state_hash, :verifier, :url, :redirect_uri, :phase,
             :started_at,
                :expires_at, :exchange, :browser, :nonce_hash, :max_age, :replaces_account, :grant_type, :dpop,
                :authorization_details)",
            named_params! {
                ":id": attempt.id, ":app_id": attempt.app_id, ":connection_id": attempt.connection_id,
                ":name": attempt.name, ":state_hash": attempt.state_hash, ":verifier": attempt.sealed_verifier,
                ":url": attempt.sealed_url,
                ":redirect_uri": attempt.redirect_uri, ":phase": Json(attempt.phase),
                ":started_at": Time(attempt.started_at),
                ":expires_at": Time(attempt.expires_at), ":exchange": Json(&attempt.exchange),
                ":browser": attempt.browser, ":nonce_hash": attempt.nonce_hash,
                ":max_age": attempt.max_age,
                ":authorization_details": attempt.authorization_details.as_ref().map(Json),
                ":replaces_account": attempt.replaces_account, ":grant_type": Json(attempt.grant_type),
                ":dpop": attempt.sealed_dpop,
            },
        )
        .map(drop)
}

/// A sign-in; `None` if there is no sign-in with this ID.
pub fn get(connection: &Connection, id: &AttemptId) -> rusqlite::Result<Option<AttemptRow>> {
    connection.query_row("SELECT * FROM attempt WHERE id = ?1", [id], read).optional()
}

/// The sign-in whose `state` has this digest.
pub fn by_state(connection: &Connection, state_hash: &[u8]) -> rusqlite::Result<Option<AttemptRow>> {
    connection.query_row("SELECT * FROM attempt WHERE state_hash = ?1", [state_hash], read).optional()
}

/// The unfinished sign-ins, oldest first.
pub fn open(connection: &Connection) -> rusqlite::Result<Vec<AttemptRow>> {
    connection
        .prepare(
            "SELECT * FROM attempt WHERE phase IN ('\"waiting\"', '\"exchanging\"', '\"identifying\"') ORDER BY \
             started_at",
        )?
        .query_map([], read)?
        .collect()
}

/// The sign-ins, finished or not, that have not expired at `now`.
pub fn not_expired(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<AttemptRow>> {
    connection
        .prepare("SELECT * FROM attempt WHERE expires_at >= ?1 ORDER BY started_at")?
        .query_map([Time(now)], read)?
        .collect()
}

/// The unfinished sign-ins of an app or of a connection.
pub fn open_of(
    connection: &Connection,
    app: Option<&AppId>,
    of: Option<&ConnectionId>,
) -> rusqlite::Result<Vec<AttemptRow>> {
    let belongs =
        |row: &AttemptRow| app == Some(&row.app_id) || (of.is_some() && of == row.connection_id.as_ref());
    Ok(open(connection)?.into_iter().filter(belongs).collect())
}

/// Moves a sign-in from one phase to the next. Returns whether it was in phase `from`: of two callers, one succeeds.
pub fn advance(connection: &Connection, id: &AttemptId, from: Phase, to: Phase) -> rusqlite::Result<bool> {
    let moved = connection.execute(
        "UPDATE attempt SET phase = ?3 WHERE id = ?1 AND phase = ?2",
        rusqlite::params![id, Json(from), Json(to)],
    )?;
    Ok(moved == 1)
}

/// Ends a sign-in and deletes its secrets. The row stays, so that a repeated callback is distinguished from a forged
/// one.
pub fn end(
    connection: &Connection,
    id: &AttemptId,
    phase: Phase,
    error: Option<&Error>,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE attempt SET phase = ?2, error = ?3, sealed_verifier = NULL, sealed_url = NULL, \
             sealed_dpop = NULL WHERE id = ?1",
            rusqlite::params![id, Json(phase), error.map(Json)],
        )
        .map(drop)
}

/// Stores the messages of the exchange.
pub fn set_exchange(connection: &Connection, id: &AttemptId, exchange: &[Message]) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE attempt SET exchange = ?2 WHERE id = ?1", rusqlite::params![id, Json(exchange)])
        .map(drop)
}

/// Stores why a callback was refused. Returns whether the reason is a new one.
pub fn set_refused(connection: &Connection, id: &AttemptId, error: &Error) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE attempt SET refused = ?2 WHERE id = ?1 AND phase = '\"waiting\"' AND refused IS NOT ?2",
        rusqlite::params![id, Json(error)],
    )?;
    Ok(changed == 1)
}

/// Stores a changed link of a waiting sign-in.
pub fn set_link(connection: &Connection, id: &AttemptId, link: &Sealed) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE attempt SET sealed_url = ?2 WHERE id = ?1 AND phase = '\"waiting\"'",
            rusqlite::params![id, link],
        )
        .map(drop)
}

/// Stores the browser of a sign-in.
pub fn set_browser(connection: &Connection, id: &AttemptId, browser: Option<&str>) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE attempt SET browser = ?2 WHERE id = ?1", rusqlite::params![id, browser])
        .map(drop)
}

/// Stores the connection that a sign-in has created.
pub fn set_connection(
    connection: &Connection,
    id: &AttemptId,
    connection_id: &ConnectionId,
) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE attempt SET connection_id = ?2 WHERE id = ?1", rusqlite::params![id, connection_id])
        .map(drop)
}

/// Stores the connection that was to be reconnected, if another account signed in.
pub fn set_intended_connection(
    connection: &Connection,
    id: &AttemptId,
    intended_connection: Option<&ConnectionId>,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE attempt SET meant_for = ?2 WHERE id = ?1",
            rusqlite::params![id, intended_connection],
        )
        .map(drop)
}

/// Deletes finished sign-ins that expired before `moment`.
pub fn forget_before(connection: &Connection, moment: Timestamp) -> rusqlite::Result<()> {
    connection
        .execute(
            "DELETE FROM attempt WHERE expires_at < ?1 AND phase NOT IN ('\"waiting\"', '\"exchanging\"', \
             '\"identifying\"')",
            [Time(moment)],
        )
        .map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AttemptRow> {
    Ok(AttemptRow {
        id: row.get("id")?,
        app_id: row.get("app_id")?,
        grant_type: json(row, "grant_type")?,
        connection_id: row.get("connection_id")?,
        name: row.get("name")?,
        state_hash: row.get("state_hash")?,
        sealed_verifier: row.get("sealed_verifier")?,
        sealed_url: row.get("sealed_url")?,
        sealed_dpop: row.get("sealed_dpop")?,
        redirect_uri: row.get("redirect_uri")?,
        phase: json(row, "phase")?,
        started_at: row.get::<_, Time>("started_at")?.0,
        expires_at: row.get::<_, Time>("expires_at")?.0,
        exchange: json(row, "exchange")?,
        error: maybe_json(row, "error")?,
        browser: row.get("browser")?,
        refused: maybe_json(row, "refused")?,
        nonce_hash: row.get("nonce_hash")?,
        max_age: row.get("max_age")?,
        authorization_details: maybe_json(row, "authorization_details")?,
        replaces_account: row.get("replaces_account")?,
        intended_connection: row.get("meant_for")?,
    })
}
