//! Stores the new grant of a refresh, with its entry of the activity.

use grapnel_model::activity::Kind;
use grapnel_model::error::Code;
use grapnel_model::id::ExchangeId;
use grapnel_store::connection::{ConnectionRow, SealedGrant};
use grapnel_store::{activity, clock, connection, derived_token};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::outcome::RefreshReason;

/// Stores a new grant and logs the refresh; returns whether the connection has the grant.
pub(super) fn write_grant(
    connection: &Connection,
    at: Timestamp,
    offset: SignedDuration,
    (row, grant, exchange): &(ConnectionRow, SealedGrant, Option<ExchangeId>),
    reason: RefreshReason,
) -> rusqlite::Result<bool> {
    if connection::set_grant(connection, &row.id, row.version, grant)? {
        if grant.error.as_ref().is_some_and(|error| error.code == Code::OtherAccount) {
            derived_token::clear(connection, &row.id)?;
        }
        clock::keep(connection, offset)?;
        log_refresh(connection, at, row, grant, reason)?;
        if let Some(exchange) = exchange {
            activity::link_last(connection, exchange)?;
        }
        return Ok(true);
    }
    // A commit that reported a failure may have reached the disk.
    connection::holds(connection, &row.id, &grant.access)
}

/// Logs a refresh. Automatic ones share one entry with a count, so that they do not displace the person's entries.
fn log_refresh(
    connection: &Connection,
    at: Timestamp,
    row: &ConnectionRow,
    grant: &SealedGrant,
    reason: RefreshReason,
) -> rusqlite::Result<()> {
    let of = (Some(&row.id), Some(&row.app_id));
    if let Some(error) = &grant.error {
        let is_another = error.code == Code::OtherAccount;
        let kind = if is_another { Kind::OtherAccount } else { Kind::RefreshRefused };
        return activity::add(connection, at, kind, &error.message, of);
    }
    let failed = match row.refresh_status.retry.failures {
        0 => String::new(),
        1 => " The attempt before it had failed.".into(),
        failures => format!(" The {failures} attempts before it had failed."),
    };
    let before = row.token_metadata().map(|held| &held.authorization_details.granted);
    let is_other = before.is_some_and(|before| *before != grant.metadata.authorization_details.granted);
    let failed = if is_other { failed + " The granted authorization details changed." } else { failed };
    let text = match reason {
        RefreshReason::Due => {
            let count = grant.metadata.refresh_count;
            let often = match count {
                1 => "for the first time".to_owned(),
                count => format!("{count} times"),
            };
            let text = format!("Refreshed automatically, {often} since the sign-in.{failed}");
            return activity::add_again(connection, at, Kind::RefreshedAutomatically, &text, of);
        }
        RefreshReason::Needed => "Refreshed because the token was needed.",
        RefreshReason::NotAccepted => "Refreshed because the provider’s API did not accept the token.",
        RefreshReason::Requested => "Refreshed because you asked.",
    };
    activity::add(connection, at, Kind::Refreshed, &format!("{text}{failed}"), of)
}

#[cfg(test)]
mod tests {
    use grapnel_model::id::{AppId, ConnectionId};

    use super::*;
    use grapnel_store::Store;
    use grapnel_store::sealed::Sealed;

    /// If it were taken for a late grant, it would be revoked.
    #[test]
    fn a_grant_stored_despite_a_failed_commit_is_not_revoked() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let (id, now) = (ConnectionId("c".into()), Timestamp::UNIX_EPOCH);
        let app =
            "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, \
            created_at)
            VALUES ('a', 'a', 'grigora', 'x', 'x', '[]', '\"any\"', '{}', '2026-01-01T00:00:00Z')";
        store.write(|tx| tx.execute(app, [])).unwrap();
        store.write(|tx| connection::insert(tx, &id, &AppId("a".into()), "c", now)).unwrap();
        let row = store.read(|c| connection::get(c, &id)).unwrap().unwrap();
        let grant = |access: &str| {
            SealedGrant {
            access: Sealed(access.into()),
            refresh: None,
            id_token: None,
            dpop: None,
            id_claims: None,
            metadata: serde_json::from_value(serde_json::json!({
                "access": { "prefix": "", "fingerprint": "" }, "refresh": null, "issued_at": now, "expires_at": null,
                "renewals": 1,
            }))
            .unwrap(),
            scopes: Vec::new(),
            project_ids: Vec::new(),
            deviations: Vec::new(),
            token_response: None,
            error: None,
        }
        };
        let keep = |access| {
            let new = (row.clone(), grant(access), None);
            store
                .write(|tx| write_grant(tx, now, SignedDuration::ZERO, &new, RefreshReason::Requested))
                .unwrap()
        };
        assert!(keep("new"));
        assert!(keep("new"));
        assert!(!keep("late"));
        let notes =
            store.read(|c| c.query_row("SELECT count(*) FROM activity", [], |row| row.get::<_, i64>(0)));
        assert_eq!(notes.unwrap(), 1);
    }
}
