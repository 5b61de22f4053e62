//! Connections in the store. The grant and everything that goes with it change in one statement.

use grapnel_model::account::{Account, Application, Authorization, Claims};
use grapnel_model::connection::{ExpirySource, Held};
use grapnel_model::error::{Code, Error};
use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::provider::Origins;
use grapnel_model::token_response::{Deviation, Seen};
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
    pub seen: Option<Seen>,
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
    pub held: Held,
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
    pub trouble: Option<Error>,
    /// When to retry, and how often it failed.
    pub retry: Retry,
    /// Whether a renewal was begun that has not ended.
    pub is_begun: bool,
}

impl ConnectionRow {
    /// What may be shown of the tokens that it holds.
    pub fn held(&self) -> Option<&Held> {
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
        self.renewals.trouble.as_ref().is_some_and(|trouble| trouble.code == Code::OtherAccount)
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
    pub held: Held,
    /// The granted scopes, as far as the provider names them.
    pub scopes: Vec<String>,
    /// The projects that the grant is limited to, where the provider names them.
    pub project_ids: Vec<String>,
    /// Where the token response departs from the RFC.
    pub deviations: Vec<Deviation>,
    /// The token response without its secrets.
    pub seen: Option<Seen>,
    /// What is wrong with it although it is kept: it belongs to another account.
    pub trouble: Option<Error>,
}

/// Adds a connection without a grant.
pub fn insert(
    connection: &Connection,
    id: &ConnectionId,
    app_id: &AppId,
    name: &str,
    at: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO connection (id, app_id, name, created_at) VALUES (?1, ?2, ?3, ?4)",
            params![id, app_id, name, Time(at)],
        )
        .map(drop)
}

/// All connections, by name.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<ConnectionRow>> {
    connection.prepare("SELECT * FROM connection ORDER BY name")?.query_map([], read)?.collect()
}

/// Notes for which grant of a connection the person was told that it needs them.
pub fn set_told(connection: &Connection, id: &ConnectionId, told: Option<i64>) -> rusqlite::Result<()> {
    connection.execute("UPDATE connection SET told = ?2 WHERE id = ?1", params![id, told]).map(drop)
}

/// Notes which due sign-in of a connection the person was told of.
pub fn set_noticed(
    connection: &Connection,
    id: &ConnectionId,
    due: Option<Timestamp>,
) -> rusqlite::Result<()> {
    let due = due.map(Time);
    connection.execute("UPDATE connection SET noticed = ?2 WHERE id = ?1", params![id, due]).map(drop)
}

/// When a person is to be told of a due sign-in: of one connection, or of each that has one.
pub fn notices(
    connection: &Connection,
    id: Option<&ConnectionId>,
) -> rusqlite::Result<Vec<(ConnectionId, Timestamp)>> {
    connection
        .prepare_cached(
            "SELECT id, notice_from FROM connection
             WHERE notice_from IS NOT NULL AND noticed IS NOT sign_in_due AND (?1 IS NULL OR id = ?1)",
        )?
        .query_map([id], |row| Ok((row.get(0)?, row.get::<_, Time>(1)?.0)))?
        .collect()
}

/// Takes the end of the access token of `version` from introspection, where nothing else told it; answers whether that
/// is news. A token that came meanwhile has an end of its own.
pub fn set_introspected_end(
    connection: &Connection,
    id: &ConnectionId,
    version: i64,
    end: Timestamp,
) -> rusqlite::Result<bool> {
    let Some(row) = get(connection, id)?.filter(|row| row.version == version) else { return Ok(false) };
    let Some(mut held) = row.grant.map(|grant| grant.held) else { return Ok(false) };
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

/// A connection; none if there is no connection of this id.
pub fn get(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<ConnectionRow>> {
    connection.query_row("SELECT * FROM connection WHERE id = ?1", [id], read).optional()
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

/// The name of every connection.
pub fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare("SELECT name FROM connection")?.query_map([], |row| row.get(0))?.collect()
}

/// Whether a connection has this name.
pub fn name_is_taken(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM connection WHERE name = ?1)", [name], |row| row.get(0))
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
            project_ids = :project_ids, deviations = :deviations, seen = :seen, trouble = :trouble, refresh_begun = NULL,
            failures = 0, retry_at = NULL, quiet_until = NULL, answer_lost = 0, refusals = 0, sign_in_due = :due,
            notice_from = :notice, version = version + 1
         WHERE id = :id AND version = :version",
        named_params! {
            ":id": id, ":version": version, ":access": grant.access, ":refresh": grant.refresh,
            ":held": Json(&grant.held), ":scopes": Json(&grant.scopes), ":project_ids": Json(&grant.project_ids),
            ":deviations": Json(&grant.deviations), ":seen": grant.seen.as_ref().map(Json),
            ":trouble": grant.trouble.as_ref().map(Json), ":due": grant.held.sign_in_due().map(Time),
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

/// Forgets whose the connection is, and for which hosts its tokens were: someone signed in anew.
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
    trouble: &Error,
    retry: &Retry,
) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "UPDATE connection SET trouble = :trouble, refresh_begun = NULL, failures = :failures, retry_at = :at,
            quiet_until = :quiet_until, answer_lost = :answer_lost, refusals = :refusals
         WHERE id = :id AND version = :version",
        named_params! {
            ":id": id, ":version": version, ":trouble": Json(trouble), ":failures": retry.failures,
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
    trouble: &Error,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET trouble = ?3, retry_at = NULL, quiet_until = NULL WHERE id = ?1 AND version = ?2",
            params![id, version, Json(trouble)],
        )
        .map(drop)
}

/// Notes what went wrong, or that nothing is.
pub fn set_trouble(
    connection: &Connection,
    id: &ConnectionId,
    trouble: Option<&Error>,
) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET trouble = ?2 WHERE id = ?1", params![id, trouble.map(Json)])
        .map(drop)
}

/// What opens the pages of those that have a browser of their own.
pub fn browsers(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = connection.prepare("SELECT DISTINCT browser FROM connection WHERE browser <> ''")?;
    found.query_map([], |row| row.get(0))?.collect()
}

/// Keeps what opens its pages, and answers whether the connection is there.
pub fn set_browser(connection: &Connection, id: &ConnectionId, browser: &str) -> rusqlite::Result<bool> {
    let changed =
        connection.execute("UPDATE connection SET browser = ?2 WHERE id = ?1", params![id, browser])?;
    Ok(changed == 1)
}

/// Stores who signed in.
pub fn set_account(connection: &Connection, id: &ConnectionId, account: &Account) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET account = ?2 WHERE id = ?1", params![id, Json(account)])
        .map(drop)
}

/// Takes over whose a connection is from another one, with what the provider said of it.
pub fn take_identity(
    connection: &Connection,
    id: &ConnectionId,
    from: &ConnectionId,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE connection SET (account, application, authorization, introspected_at, claims, id_claims, identity_note,
                kept_for) = (SELECT account, application, authorization, introspected_at, claims, id_claims, identity_note,
                kept_for FROM connection WHERE id = ?2)
             WHERE id = ?1",
            params![id, from],
        )
        .map(drop)
}

/// Other connections of the same app that hold tokens of the same account, by name.
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

/// Keeps whose the connection is; an account that nobody tells any more stays as it was told.
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

/// Keeps what the ID token of a sign-in says.
pub fn set_id_claims(connection: &Connection, id: &ConnectionId, claims: &Claims) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE connection SET id_claims = ?2 WHERE id = ?1", params![id, Json(claims)])
        .map(drop)
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

/// Stores what introspection tells of the app and the authorization.
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

/// Removes a connection with its history, and answers whether it could: one that holds tokens stays.
pub fn remove(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<bool> {
    let removed = connection.execute("DELETE FROM connection WHERE id = ?1 AND held IS NULL", [id])?;
    Ok(removed == 1)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ConnectionRow> {
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
            trouble: maybe_json(row, "trouble")?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[test]
    fn an_end_that_introspection_told_is_for_the_token_that_was_asked_about() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let (id, end) = (ConnectionId("c".into()), Timestamp::from_second(3_600).unwrap());
        let app = "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, created_at)
            VALUES ('a', 'a', 'grigora', 'x', 'x', '[]', '\"any\"', '{}', '2026-01-01T00:00:00Z')";
        let grant = SealedGrant {
            access: Sealed(vec![1]),
            refresh: None,
            held: serde_json::from_value(serde_json::json!({
                "access": { "prefix": "", "fingerprint": "" }, "refresh": null, "issued_at": Timestamp::UNIX_EPOCH,
                "expires_at": null, "renewals": 0,
            }))
            .unwrap(),
            scopes: Vec::new(),
            project_ids: Vec::new(),
            deviations: Vec::new(),
            seen: None,
            trouble: None,
        };
        let told = |version| store.write(|tx| set_introspected_end(tx, &id, version, end)).unwrap();
        let kept = || store.read(|c| get(c, &id)).unwrap().unwrap();
        store.write(|tx| tx.execute(app, [])).unwrap();
        store.write(|tx| insert(tx, &id, &AppId("a".into()), "c", Timestamp::UNIX_EPOCH)).unwrap();
        store.write(|tx| set_grant(tx, &id, 0, &grant)).unwrap();
        let asked_about = kept().version;
        // A renewal brings another token before the answer comes.
        store.write(|tx| set_grant(tx, &id, asked_about, &grant)).unwrap();
        assert!(!told(asked_about));
        assert_eq!(kept().held().unwrap().expires_at, None);
        assert!(told(kept().version));
        assert_eq!(kept().held().unwrap().expires_at, Some(end));
    }
}
