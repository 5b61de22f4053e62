//! The account of a connection, and what the provider says about its tokens.

use grapnel_model::account::{Account, Application, Authorization, Claims};
use grapnel_model::connection::ExpirySource;
use grapnel_model::id::ConnectionId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::row::get;
use crate::column::{Json, Time, maybe_json};

/// Stores the expiry that introspection reported for the access token of `version`, unless another source provided one.
/// Returns whether the stored expiry changed. An access token that was stored meanwhile is not affected.
pub fn set_introspected_end(
    connection: &Connection,
    id: &ConnectionId,
    version: i64,
    end: Timestamp,
) -> rusqlite::Result<bool> {
    let Some(row) = get(connection, id)?.filter(|row| row.version == version) else { return Ok(false) };
    let Some(mut held) = row.grant.map(|grant| grant.metadata) else { return Ok(false) };
    if held.expires_at.is_some() && held.expiry_source != ExpirySource::Introspection {
        return Ok(false);
    }
    let is_news = held.expires_at != Some(end);
    (held.expires_at, held.expiry_source) = (Some(end), ExpirySource::Introspection);
    connection.execute(
        "UPDATE connection SET held = ?2, sign_in_due = ?3, notice_from = ?4 WHERE id = ?1",
        params![id, Json(&held), held.sign_in_due().map(Time), held.notice_from().map(Time)],
    )?;
    Ok(is_news)
}

/// Clears the account and the allowed origins of a connection, for a new sign-in.
pub fn clear_identity(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET account = NULL, application = NULL, authorization = NULL, introspected_at = NULL,
                claims = NULL, id_claims = NULL, identity_note = NULL, kept_for = NULL
             WHERE id = ?1",
            [id],
        )
        .map(drop)
}

/// Stores the account that signed in.
pub fn set_account(connection: &Connection, id: &ConnectionId, account: &Account) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET account = ?2 WHERE id = ?1", params![id, Json(account)])
        .map(drop)
}

/// Copies the account and the facts about it from another connection.
pub fn take_identity(
    connection: &Connection,
    id: &ConnectionId,
    from: &ConnectionId,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET (account, application, authorization, introspected_at, claims, id_claims, \
             identity_note,
                kept_for) = (SELECT account, application, authorization, introspected_at, claims, id_claims,
                identity_note,
                kept_for FROM connection WHERE id = ?2)
             WHERE id = ?1",
            params![id, from],
        )
        .map(drop)
}

/// The names of the app's other connections that have tokens of the same account.
pub fn of_same_account(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Vec<String>> {
    let Some(row) = get(connection, id)? else { return Ok(Vec::new()) };
    let Some(account) = row.identity.account else { return Ok(Vec::new()) };
    let mut others = connection.prepare(
        "SELECT name, account FROM connection
         WHERE app_id = ?1 AND id <> ?2 AND held IS NOT NULL AND account ->> '$.id' = ?3 ORDER BY name",
    )?;
    let others = others.query_map(params![row.app_id, id, account.id], |row| {
        Ok((row.get::<_, String>(0)?, maybe_json::<Account>(row, 1)?))
    })?;
    let others: Vec<_> = others.collect::<rusqlite::Result<_>>()?;
    let is_same = |other: Option<Account>| other.is_some_and(|other| other.is_same(&account));
    Ok(others.into_iter().filter_map(|(name, other)| is_same(other).then_some(name)).collect())
}

/// Stores the account and the note about it. Without an account, a stored one and its note are kept.
pub fn set_identity(
    connection: &Connection,
    id: &ConnectionId,
    account: Option<&Account>,
    note: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET account = COALESCE(?2, account),
                identity_note = CASE WHEN ?2 IS NULL AND account IS NOT NULL THEN identity_note ELSE ?3 END
             WHERE id = ?1",
            params![id, account.map(Json), note],
        )
        .map(drop)
}

/// Stores the claims of a sign-in's ID token.
pub fn set_id_claims(connection: &Connection, id: &ConnectionId, claims: &Claims) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET id_claims = ?2 WHERE id = ?1", params![id, Json(claims)])
        .map(drop)
}

/// Stores the claims of the ID token of `version` once its signature was verified; deletes a token whose signature is
/// wrong.
pub fn set_verified_id_claims(
    connection: &Connection,
    (id, version): (&ConnectionId, i64),
    claims: &Claims,
    is_kept: bool,
) -> rusqlite::Result<()> {
    let update = if is_kept {
        "UPDATE connection SET id_claims = ?3 WHERE id = ?1 AND version = ?2"
    } else {
        "UPDATE connection SET id_claims = ?3, sealed_id_token = NULL, held = json_remove(held, '$.id_token')
         WHERE id = ?1 AND version = ?2 AND held IS NOT NULL"
    };
    connection.execute(update, params![id, version, Json(claims)]).map(drop)
}

/// Stores the claims of the access token.
pub fn set_claims(
    connection: &Connection,
    id: &ConnectionId,
    claims: Option<&Claims>,
) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET claims = ?2 WHERE id = ?1", params![id, claims.map(Json)])
        .map(drop)
}

/// Stores what introspection reports about the application and the authorization.
pub fn set_introspection(
    connection: &Connection,
    id: &ConnectionId,
    application: Option<&Application>,
    authorization: &Authorization,
    at: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET application = ?2, authorization = ?3, introspected_at = ?4 WHERE id = ?1",
            params![id, application.map(Json), Json(authorization), Time(at)],
        )
        .map(drop)
}
