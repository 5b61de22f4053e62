//! The row of a connection and its grant. A grant and everything that depends on it change in one statement.

use grapnel_model::account::{Account, Application, Authorization, Claims};
use grapnel_model::annotations::Annotations;
use grapnel_model::connection::TokenMetadata;
use grapnel_model::error::{Code, Error};
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::{GrantType, Origins};
use grapnel_model::token_response::{Deviation, RedactedResponse};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::annotations;
use crate::app::AppRow;
use crate::column::{Json, Time, json, maybe_json};
use crate::sealed::Sealed;

/// A connection: its account, its tokens, and the results of its last refreshes.
#[derive(Debug, Clone)]
pub struct ConnectionRow {
    /// The ID.
    pub id: ConnectionId,
    /// The app that was authorized.
    pub app_id: AppId,
    /// The unique name.
    pub name: String,
    /// When the first sign-in finished.
    pub created_at: Timestamp,
    /// Counts the changes of the grant, so that a late response replaces only the grant that it was requested for.
    pub version: i64,
    /// `None` after a disconnect, and before the first sign-in.
    pub grant: Option<StoredGrant>,
    /// The scopes of the last grant. They are kept after a disconnect.
    pub scopes: Vec<String>,
    /// The projects of the last grant.
    pub project_ids: Vec<String>,
    /// Where the last token response deviated from the RFC.
    pub deviations: Vec<Deviation>,
    /// The last token response, redacted.
    pub token_response: Option<RedactedResponse>,
    /// The account, and what the provider says about the token.
    pub identity: ConnectionIdentity,
    /// The results of the last refreshes.
    pub refresh_status: RefreshStatus,
    /// The origins that the tokens may be sent to, if the app's endpoints have changed since they were issued.
    pub allowed_origins: Option<Origins>,
    /// The browser for its sign-ins; empty for the one in the settings.
    pub browser: String,
    /// What the person notes about it.
    pub annotations: Annotations,
}

/// The encrypted tokens of a connection, and their metadata.
#[derive(Debug, Clone)]
pub struct StoredGrant {
    /// The access token.
    pub access: Sealed,
    /// The refresh token.
    pub refresh: Option<Sealed>,
    /// The validated ID token.
    pub id_token: Option<Sealed>,
    /// The key that the tokens are bound to (DPoP).
    pub dpop: Option<Sealed>,
    /// The metadata of the tokens.
    pub metadata: TokenMetadata,
}

/// The account and the authorization of a connection, as the provider reports them.
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
    /// The claims of the last validated ID token.
    pub id_claims: Option<Claims>,
    /// Why the account is unknown, or which facts about it contradict each other.
    pub note: Option<String>,
}

/// The results of a connection's last refreshes.
#[derive(Debug, Clone)]
pub struct RefreshStatus {
    /// What is wrong with the connection, if anything.
    pub error: Option<Error>,
    /// Failures, and when to retry.
    pub retry: Retry,
    /// Whether a refresh was started that has not finished.
    pub is_begun: bool,
}

impl ConnectionRow {
    /// The metadata of its tokens.
    pub fn token_metadata(&self) -> Option<&TokenMetadata> {
        self.grant.as_ref().map(|grant| &grant.metadata)
    }

    /// Its refresh token.
    pub fn sealed_refresh(&self) -> Option<&Sealed> {
        self.grant.as_ref()?.refresh.as_ref()
    }

    /// Whether new tokens can be requested without a person: it has a refresh token, or its token is the client's own.
    pub fn can_refresh(&self) -> bool {
        self.sealed_refresh().is_some() || !self.grant_type().has_person()
    }

    /// The grant that issued its tokens.
    pub fn grant_type(&self) -> GrantType {
        self.token_metadata().map(|held| held.grant_type).unwrap_or_default()
    }

    /// Whether a response with new tokens may be lost: one did not arrive, or a process ended while it waited for one.
    pub fn response_may_be_lost(&self) -> bool {
        self.refresh_status.retry.response_lost || self.refresh_status.is_begun
    }

    /// Whether its tokens belong to another account, so that they are not handed out.
    pub fn holds_another_account(&self) -> bool {
        self.refresh_status.error.as_ref().is_some_and(|error| error.code == Code::OtherAccount)
    }
}

/// The failed refreshes since the last successful one. Times are of the corrected clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retry {
    /// The number of failures.
    pub failures: u32,
    /// When the last one was.
    pub failed_at: Option<Timestamp>,
    /// When the next attempt is due, if any.
    pub at: Option<Timestamp>,
    /// Until when automatic attempts return the last failure instead of sending a request.
    pub quiet_until: Option<Timestamp>,
    /// Whether the response to one of them did not arrive.
    pub response_lost: bool,
    /// How many of them were refusals that may be temporary.
    pub refusals: u32,
}

/// An encrypted grant with its metadata.
#[derive(Debug, Clone)]
pub struct SealedGrant {
    /// The access token.
    pub access: Sealed,
    /// The refresh token.
    pub refresh: Option<Sealed>,
    /// The validated ID token.
    pub id_token: Option<Sealed>,
    /// The key that the tokens are bound to (DPoP).
    pub dpop: Option<Sealed>,
    /// The claims of an ID token that replaces the one before.
    pub id_claims: Option<Claims>,
    /// The metadata of the tokens.
    pub metadata: TokenMetadata,
    /// The granted scopes, as far as the provider returns them.
    pub scopes: Vec<String>,
    /// The projects of the grant, if the provider returns them.
    pub project_ids: Vec<String>,
    /// Where the token response deviates from the RFC.
    pub deviations: Vec<Deviation>,
    /// The token response, redacted.
    pub token_response: Option<RedactedResponse>,
    /// Set if the grant is stored although something is wrong with it: it belongs to another account, or its access
    /// token was refused.
    pub error: Option<Error>,
}

/// A connection; `None` if there is no connection with this ID.
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
        token_response: maybe_json(row, "seen")?,
        identity: read_identity(row)?,
        refresh_status: RefreshStatus {
            error: maybe_json(row, "trouble")?,
            retry: read_retry(row)?,
            is_begun: row.get::<_, Option<Time>>("refresh_begun")?.is_some(),
        },
        allowed_origins: maybe_json(row, "kept_for")?,
        browser: row.get("browser")?,
        annotations: annotations::read(row)?,
    })
}

/// Access token and metadata are stored and deleted together.
fn read_grant(row: &Row<'_>) -> rusqlite::Result<Option<StoredGrant>> {
    let (access, metadata) = (row.get("sealed_access")?, maybe_json(row, "held")?);
    let (Some(access), Some(metadata)) = (access, metadata) else { return Ok(None) };
    let (refresh, id_token) = (row.get("sealed_refresh")?, row.get("sealed_id_token")?);
    Ok(Some(StoredGrant { access, refresh, id_token, dpop: row.get("sealed_dpop")?, metadata }))
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
        failed_at: moment("failed_at")?,
        at: moment("retry_at")?,
        quiet_until: moment("quiet_until")?,
        response_lost: row.get("answer_lost")?,
        refusals: row.get("refusals")?,
    })
}

/// A connection and its app from one snapshot: the app's endpoints decide whether the tokens may be sent.
pub fn with_app(
    connection: &Connection,
    id: &ConnectionId,
) -> rusqlite::Result<Option<(ConnectionRow, AppRow)>> {
    let Some(row) = get(connection, id)? else { return Ok(None) };
    let app = crate::app::get(connection, &row.app_id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(Some((row, app)))
}

/// Replaces the grant of `version`. Returns whether that was still the stored one. Clears earlier failures; sets the
/// error of the new grant, if it has one.
pub fn set_grant(
    connection: &Connection,
    id: &ConnectionId,
    version: i64,
    grant: &SealedGrant,
) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE connection SET sealed_access = :access, sealed_refresh = :refresh, sealed_id_token = :id_token,
            sealed_dpop = :dpop, id_claims = coalesce(:id_claims, id_claims), held = :held, scopes = :scopes,
            project_ids = :project_ids, deviations = :deviations, seen = :seen, trouble = :trouble,
            refresh_begun = NULL,
            failures = 0, failed_at = NULL, retry_at = NULL, quiet_until = NULL, answer_lost = 0, refusals = 0,
            sign_in_due = :due, notice_from = :notice, version = version + 1
         WHERE id = :id AND version = :version",
        named_params! {
            ":id": id, ":version": version, ":access": grant.access, ":refresh": grant.refresh,
            ":id_token": grant.id_token, ":dpop": grant.dpop, ":id_claims": grant.id_claims.as_ref().map(Json),
            ":held": Json(&grant.metadata), ":scopes": Json(&grant.scopes), ":project_ids": Json(&grant.project_ids),
            ":deviations": Json(&grant.deviations), ":seen": grant.token_response.as_ref().map(Json),
            ":trouble": grant.error.as_ref().map(Json), ":due": grant.metadata.sign_in_due().map(Time),
            ":notice": grant.metadata.notice_from().map(Time),
        },
    )?;
    Ok(changed == 1)
}

/// Whether this is the stored access token of a connection.
pub fn holds(connection: &Connection, id: &ConnectionId, access: &Sealed) -> rusqlite::Result<bool> {
    let sql = "SELECT sealed_access = ?2 FROM connection WHERE id = ?1";
    let held =
        connection.query_row(sql, params![id, access], |row| row.get::<_, Option<bool>>(0)).optional()?;
    Ok(held.flatten().unwrap_or(false))
}

/// Stores, before an app's endpoints change, the origins that its connections' tokens may be sent to.
pub fn set_allowed_origins_of_app(
    connection: &Connection,
    app: &AppId,
    origins: &Origins,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET kept_for = ?2 WHERE app_id = ?1 AND held IS NOT NULL AND kept_for IS NULL",
            params![app, Json(origins)],
        )
        .map(drop)
}

/// Stores the origins that a connection's tokens may be sent to.
pub fn set_allowed_origins(
    connection: &Connection,
    id: &ConnectionId,
    origins: &Origins,
) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET kept_for = ?2 WHERE id = ?1", params![id, Json(origins)])
        .map(drop)
}

/// Marks that a refresh is about to be sent; `None` if it was not after all. If the program ends before the response,
/// the next run finds the mark.
pub fn mark_refresh(
    connection: &Connection,
    id: &ConnectionId,
    at: Option<Timestamp>,
) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET refresh_begun = ?2 WHERE id = ?1", params![id, at.map(Time)])
        .map(drop)
}

/// Connections with a refresh that was started and not finished.
pub fn interrupted_refreshes(connection: &Connection) -> rusqlite::Result<Vec<ConnectionRow>> {
    connection
        .prepare("SELECT * FROM connection WHERE refresh_begun IS NOT NULL")?
        .query_map([], read)?
        .collect()
}

/// Records the failure of a refresh of the grant of `version`. Returns whether that grant is still stored.
pub fn end_refresh(
    connection: &Connection,
    id: &ConnectionId,
    version: i64,
    error: &Error,
    retry: &Retry,
) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE connection SET trouble = :trouble, refresh_begun = NULL, failures = :failures, failed_at = :failed_at,
            retry_at = :at, quiet_until = :quiet_until, answer_lost = :answer_lost, refusals = :refusals
         WHERE id = :id AND version = :version",
        named_params! {
            ":id": id, ":version": version, ":trouble": Json(error), ":failures": retry.failures,
            ":failed_at": retry.failed_at.map(Time),
            ":at": retry.at.map(Time), ":quiet_until": retry.quiet_until.map(Time), ":answer_lost": retry.response_lost,
            ":refusals": retry.refusals,
        },
    )?;
    Ok(changed == 1)
}

/// Clears the `invalid_client` failures of an app whose credentials were corrected, so that its connections are
/// refreshed again.
pub fn forget_client_refusals(connection: &Connection, app: &AppId) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET trouble = NULL, failures = 0, failed_at = NULL, retry_at = NULL, quiet_until = NULL
             WHERE app_id = ?1 AND json_extract(trouble, '$.code') = 'invalid_client'",
            [app],
        )
        .map(drop)
}

/// Records that the grant of `version` is refused for good.
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

/// Stores or clears what is wrong with a connection.
pub fn set_error(connection: &Connection, id: &ConnectionId, error: Option<&Error>) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET trouble = ?2 WHERE id = ?1", params![id, error.map(Json)])
        .map(drop)
}

/// Deletes the tokens of `version`, and those derived from them, and keeps the rest. Returns whether they were stored.
pub fn clear_grant(connection: &Connection, id: &ConnectionId, version: i64) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE connection SET sealed_access = NULL, sealed_refresh = NULL, sealed_id_token = NULL, sealed_dpop = NULL,
            held = NULL, seen = NULL, trouble = NULL, refresh_begun = NULL, failures = 0, failed_at = NULL,
            retry_at = NULL,
            quiet_until = NULL, answer_lost = 0, refusals = 0, sign_in_due = NULL, notice_from = NULL,
            version = version + 1
         WHERE id = ?1 AND version = ?2 AND held IS NOT NULL",
        params![id, version],
    )?;
    if changed == 1 {
        crate::derived_token::clear(connection, id)?;
    }
    Ok(changed == 1)
}
