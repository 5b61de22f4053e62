//! The row of a connection and its grant. A grant and everything that belongs to it change in one statement.

use grapnel_model::account::{Account, Application, Authorization, Claims};
use grapnel_model::connection::TokenMetadata;
use grapnel_model::error::{Code, Error};
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::Origins;
use grapnel_model::token_response::{Deviation, RedactedResponse};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use crate::app::AppRow;
use crate::column::{Json, Time, json, maybe_json};
use crate::sealed::Sealed;

/// A connection: whose it is, what it holds, and how its last renewals went.
#[derive(Debug, Clone)]
pub struct ConnectionRow {
    /// Its id.
    pub id: ConnectionId,
    /// The app that was authorized.
    pub app_id: AppId,
    /// The unique name.
    pub name: String,
    /// When the first sign-in ended.
    pub created_at: Timestamp,
    /// Counts the changes of the grant, so that a late response replaces only the grant that it was asked for.
    pub version: i64,
    /// None after a disconnect, and before the first sign-in.
    pub grant: Option<StoredGrant>,
    /// What the last grant allowed; it is shown after a disconnect as well.
    pub scopes: Vec<String>,
    /// The projects that the grant names.
    pub project_ids: Vec<String>,
    /// Where the last token response departed from the RFC.
    pub deviations: Vec<Deviation>,
    /// The last token response, masked.
    pub seen: Option<RedactedResponse>,
    /// The account, and what the provider says of the token.
    pub identity: ConnectionIdentity,
    /// How the last refreshes went.
    pub renewals: RenewalStatus,
    /// Where the tokens may be sent, once the app's addresses are others than when they came.
    pub kept_for: Option<Origins>,
    /// What opens its pages; empty for the program that is set for all.
    pub browser: String,
}

/// The tokens of a connection, encrypted, and what may be shown of them.
#[derive(Debug, Clone)]
pub struct StoredGrant {
    /// The access token.
    pub access: Sealed,
    /// The refresh token.
    pub refresh: Option<Sealed>,
    /// What may be shown of the tokens.
    pub held: TokenMetadata,
}

/// Whose a connection is and what it may do, as the provider told it.
#[derive(Debug, Clone)]
pub struct ConnectionIdentity {
    /// The account that signed in.
    pub account: Option<Account>,
    /// The client, as the provider describes it.
    pub application: Option<Application>,
    /// The result of the last introspection.
    pub authorization: Option<Authorization>,
    /// When the access token was last introspected.
    pub introspected_at: Option<Timestamp>,
    /// The claims of the access token.
    pub claims: Option<Claims>,
    /// The claims of the sign-in's ID token.
    pub id_claims: Option<Claims>,
    /// Why the account is not known, or what of it does not agree.
    pub note: Option<String>,
}

/// How the renewals of a connection went.
#[derive(Debug, Clone)]
pub struct RenewalStatus {
    /// What is wrong with the connection, if anything is.
    pub error: Option<Error>,
    /// When to retry, and how often it failed.
    pub retry: Retry,
    /// Whether a renewal was begun that has not ended.
    pub is_begun: bool,
}

impl ConnectionRow {
    /// What may be shown of the tokens that it holds.
    pub fn held(&self) -> Option<&TokenMetadata> {
        self.grant.as_ref().map(|grant| &grant.held)
    }

    /// The refresh token that it holds.
    pub fn sealed_refresh(&self) -> Option<&Sealed> {
        self.grant.as_ref()?.refresh.as_ref()
    }

    /// Whether an answer may be lost that held new tokens: one is known to be, or a process ended while it waited.
    pub fn answer_may_be_lost(&self) -> bool {
        self.renewals.retry.answer_lost || self.renewals.is_begun
    }

    /// Whether the tokens that are held belong to another account, so that nobody is given them.
    pub fn holds_another_account(&self) -> bool {
        self.renewals.error.as_ref().is_some_and(|error| error.code == Code::OtherAccount)
    }
}

/// What became of the renewals that failed since the last one that did not. Times are by the corrected clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retry {
    /// How many there were.
    pub failures: u32,
    /// When the next try is due, if one is.
    pub at: Option<Timestamp>,
    /// Until when the last failure answers for any new try that no person asks for.
    pub quiet_until: Option<Timestamp>,
    /// Whether the answer to one of them was lost.
    pub answer_lost: bool,
    /// How many of them were refusals that may pass.
    pub refusals: u32,
}

/// A grant, sealed, with what may be said of it.
#[derive(Debug, Clone)]
pub struct SealedGrant {
    /// The access token.
    pub access: Sealed,
    /// The refresh token.
    pub refresh: Option<Sealed>,
    /// What may be shown of the tokens; none without a grant.
    pub held: TokenMetadata,
    /// The granted scopes, as far as the provider names them.
    pub scopes: Vec<String>,
    /// The projects that the grant is limited to, where the provider names them.
    pub project_ids: Vec<String>,
    /// Where the token response departs from the RFC.
    pub deviations: Vec<Deviation>,
    /// The token response without its secrets.
    pub seen: Option<RedactedResponse>,
    /// What is wrong with it although it is kept: it belongs to another account.
    pub error: Option<Error>,
}

/// A connection; none if there is no connection of this id.
pub fn get(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<ConnectionRow>> {
    connection.query_row("SELECT * FROM connection WHERE id = ?1", [id], read).optional()
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<ConnectionRow> {
    Ok(ConnectionRow {
        id: row.get("id")?,
        app_id: row.get("app_id")?,
        name: row.get("name")?,
        created_at: row.get::<_, Time>("created_at")?.0,
        version: row.get("version")?,
        grant: read_grant(row)?,
        scopes: json(row, "scopes")?,
        project_ids: json(row, "project_ids")?,
        deviations: json(row, "deviations")?,
        seen: maybe_json(row, "seen")?,
        identity: read_identity(row)?,
        renewals: RenewalStatus {
            error: maybe_json(row, "trouble")?,
            retry: read_retry(row)?,
            is_begun: row.get::<_, Option<Time>>("refresh_begun")?.is_some(),
        },
        kept_for: maybe_json(row, "kept_for")?,
        browser: row.get("browser")?,
    })
}

/// Access token and metadata are stored and deleted together.
fn read_grant(row: &Row<'_>) -> rusqlite::Result<Option<StoredGrant>> {
    let (access, held) = (row.get("sealed_access")?, maybe_json(row, "held")?);
    let (Some(access), Some(held)) = (access, held) else { return Ok(None) };
    Ok(Some(StoredGrant { access, refresh: row.get("sealed_refresh")?, held }))
}

fn read_identity(row: &Row<'_>) -> rusqlite::Result<ConnectionIdentity> {
    Ok(ConnectionIdentity {
        account: maybe_json(row, "account")?,
        application: maybe_json(row, "application")?,
        authorization: maybe_json(row, "authorization")?,
        introspected_at: row.get::<_, Option<Time>>("introspected_at")?.map(|time| time.0),
        claims: maybe_json(row, "claims")?,
        id_claims: maybe_json(row, "id_claims")?,
        note: row.get("identity_note")?,
    })
}

/// The retry columns of a row.
pub fn read_retry(row: &Row<'_>) -> rusqlite::Result<Retry> {
    let moment = |column| row.get::<_, Option<Time>>(column).map(|time| time.map(|time| time.0));
    Ok(Retry {
        failures: row.get("failures")?,
        at: moment("retry_at")?,
        quiet_until: moment("quiet_until")?,
        answer_lost: row.get("answer_lost")?,
        refusals: row.get("refusals")?,
    })
}

/// A connection with its app, as both are at one moment: whether its tokens may go where the app says depends on it.
pub fn with_app(
    connection: &Connection,
    id: &ConnectionId,
) -> rusqlite::Result<Option<(ConnectionRow, AppRow)>> {
    let Some(row) = get(connection, id)? else { return Ok(None) };
    let app = crate::app::get(connection, &row.app_id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(Some((row, app)))
}

/// Keeps a new grant in place of the one of `version`, and answers whether that was still there. Whatever was
/// wrong is mended by it, but for what is wrong with itself.
pub fn set_grant(
    connection: &Connection,
    id: &ConnectionId,
    version: i64,
    grant: &SealedGrant,
) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE connection SET sealed_access = :access, sealed_refresh = :refresh, held = :held, scopes = :scopes,
            project_ids = :project_ids, deviations = :deviations, seen = :seen, trouble = :trouble,
            refresh_begun = NULL,
            failures = 0, retry_at = NULL, quiet_until = NULL, answer_lost = 0, refusals = 0, sign_in_due = :due,
            notice_from = :notice, version = version + 1
         WHERE id = :id AND version = :version",
        named_params! {
            ":id": id, ":version": version, ":access": grant.access, ":refresh": grant.refresh,
            ":held": Json(&grant.held), ":scopes": Json(&grant.scopes), ":project_ids": Json(&grant.project_ids),
            ":deviations": Json(&grant.deviations), ":seen": grant.seen.as_ref().map(Json),
            ":trouble": grant.error.as_ref().map(Json), ":due": grant.held.sign_in_due().map(Time),
            ":notice": grant.held.notice_from().map(Time),
        },
    )?;
    Ok(changed == 1)
}

/// Whether this is the access token that a connection holds.
pub fn holds(connection: &Connection, id: &ConnectionId, access: &Sealed) -> rusqlite::Result<bool> {
    let sql = "SELECT sealed_access = ?2 FROM connection WHERE id = ?1";
    let held =
        connection.query_row(sql, params![id, access], |row| row.get::<_, Option<bool>>(0)).optional()?;
    Ok(held.flatten().unwrap_or(false))
}

/// Notes, before an app's addresses change, to which hosts the tokens of its connections may go.
pub fn keep_for(connection: &Connection, app: &AppId, origins: &Origins) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET kept_for = ?2 WHERE app_id = ?1 AND held IS NOT NULL AND kept_for IS NULL",
            params![app, Json(origins)],
        )
        .map(drop)
}

/// Notes to which hosts the tokens of one connection may go.
pub fn keep_one_for(connection: &Connection, id: &ConnectionId, origins: &Origins) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET kept_for = ?2 WHERE id = ?1", params![id, Json(origins)])
        .map(drop)
}

/// Marks that a refresh is about to be sent: if the program ends now, the next one knows that it may have been.
pub fn begin_refresh(connection: &Connection, id: &ConnectionId, at: Timestamp) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET refresh_begun = ?2 WHERE id = ?1", params![id, Time(at)])
        .map(drop)
}

/// Connections whose refresh was begun and never ended.
pub fn cut_off(connection: &Connection) -> rusqlite::Result<Vec<ConnectionRow>> {
    connection
        .prepare("SELECT * FROM connection WHERE refresh_begun IS NOT NULL")?
        .query_map([], read)?
        .collect()
}

/// A refresh of the grant of `version` ended without a new one; answers whether that grant is still there.
pub fn end_refresh(
    connection: &Connection,
    id: &ConnectionId,
    version: i64,
    error: &Error,
    retry: &Retry,
) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE connection SET trouble = :trouble, refresh_begun = NULL, failures = :failures, retry_at = :at,
            quiet_until = :quiet_until, answer_lost = :answer_lost, refusals = :refusals
         WHERE id = :id AND version = :version",
        named_params! {
            ":id": id, ":version": version, ":trouble": Json(error), ":failures": retry.failures,
            ":at": retry.at.map(Time), ":quiet_until": retry.quiet_until.map(Time), ":answer_lost": retry.answer_lost,
            ":refusals": retry.refusals,
        },
    )?;
    Ok(changed == 1)
}

/// Forgets that an app was not accepted, which was corrected since: its connections are refreshed again.
pub fn forget_client_refusals(connection: &Connection, app: &AppId) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET trouble = NULL, failures = 0, retry_at = NULL, quiet_until = NULL
             WHERE app_id = ?1 AND json_extract(trouble, '$.code') = 'invalid_client'",
            [app],
        )
        .map(drop)
}

/// Notes that the grant of `version` is refused for good.
pub fn set_refused(
    connection: &Connection,
    id: &ConnectionId,
    version: i64,
    error: &Error,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET trouble = ?3, retry_at = NULL, quiet_until = NULL WHERE id = ?1 AND version = ?2",
            params![id, version, Json(error)],
        )
        .map(drop)
}

/// Notes what went wrong, or that nothing is.
pub fn set_trouble(
    connection: &Connection,
    id: &ConnectionId,
    error: Option<&Error>,
) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET trouble = ?2 WHERE id = ?1", params![id, error.map(Json)])
        .map(drop)
}

/// Deletes the tokens of `version` and keeps the rest; answers whether they were there.
pub fn clear_grant(connection: &Connection, id: &ConnectionId, version: i64) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE connection SET sealed_access = NULL, sealed_refresh = NULL, held = NULL, seen = NULL, trouble = NULL,
            refresh_begun = NULL, failures = 0, retry_at = NULL, quiet_until = NULL, answer_lost = 0,
            refusals = 0, sign_in_due = NULL, notice_from = NULL, version = version + 1
         WHERE id = ?1 AND version = ?2 AND held IS NOT NULL",
        params![id, version],
    )?;
    Ok(changed == 1)
}
