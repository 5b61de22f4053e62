//! Connections in the store: adding, finding, naming and removing.

mod annotations;
mod identity;
mod row;

pub(crate) use annotations::fill_sort_keys;
pub use annotations::{known_label, set_annotations, set_name, set_position};
pub use identity::{
    clear_identity, of_same_account, set_account, set_claims, set_id_claims, set_identity,
    set_introspected_end, set_introspection, set_verified_id_claims, take_identity,
};
pub use row::{
    ConnectionIdentity, ConnectionRow, RefreshStatus, Retry, SealedGrant, StoredGrant, clear_grant,
    end_refresh, forget_client_refusals, get, holds, interrupted_refreshes, mark_refresh, read_retry,
    set_allowed_origins, set_allowed_origins_of_app, set_error, set_grant, set_refused, with_app,
};

use grapnel_model::id::{AppId, ConnectionId};
use grapnel_model::text::natural_key;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::column::Time;
use row::read;

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
            "INSERT INTO connection (id, app_id, name, sort_key, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, app_id, name, natural_key(name), Time(at)],
        )
        .map(drop)
}

/// All connections, by name.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<ConnectionRow>> {
    connection.prepare("SELECT * FROM connection ORDER BY name")?.query_map([], read)?.collect()
}

/// Stores the grant version for which the person was notified that the connection needs attention.
pub fn set_notified_version(
    connection: &Connection,
    id: &ConnectionId,
    told: Option<i64>,
) -> rusqlite::Result<()> {
    connection.execute("UPDATE connection SET told = ?2 WHERE id = ?1", params![id, told]).map(drop)
}

/// Stores the due sign-in that the person was notified of.
pub fn set_notified_sign_in(
    connection: &Connection,
    id: &ConnectionId,
    due: Option<Timestamp>,
) -> rusqlite::Result<()> {
    let due = due.map(Time);
    connection.execute("UPDATE connection SET noticed = ?2 WHERE id = ?1", params![id, due]).map(drop)
}

/// When to notify the person of a due sign-in: for one connection, or for all that have one.
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

/// The name of every connection.
pub fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare("SELECT name FROM connection")?.query_map([], |row| row.get(0))?.collect()
}

/// Whether a connection has this name.
pub fn name_is_taken(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM connection WHERE name = ?1)", [name], |row| row.get(0))
}

/// The distinct browsers of connections that have their own.
pub fn browsers(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = connection.prepare("SELECT DISTINCT browser FROM connection WHERE browser <> ''")?;
    found.query_map([], |row| row.get(0))?.collect()
}

/// Stores a connection's browser. Returns whether the connection exists.
pub fn set_browser(connection: &Connection, id: &ConnectionId, browser: &str) -> rusqlite::Result<bool> {
    let changed =
        connection.execute("UPDATE connection SET browser = ?2 WHERE id = ?1", params![id, browser])?;
    Ok(changed == 1)
}

/// Deletes a connection and its history. Returns whether it was deleted: one with tokens is kept.
pub fn remove(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<bool> {
    let removed = connection.execute("DELETE FROM connection WHERE id = ?1 AND held IS NULL", [id])?;
    Ok(removed == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::sealed::Sealed;

    #[test]
    fn an_introspected_expiry_applies_only_to_the_introspected_token() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let (id, end) = (ConnectionId("c".into()), Timestamp::from_second(3_600).unwrap());
        let app =
            "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, \
            created_at)
            VALUES ('a', 'a', 'grigora', 'x', 'x', '[]', '\"any\"', '{}', '2026-01-01T00:00:00Z')";
        let grant = SealedGrant {
            access: Sealed(vec![1]),
            refresh: None,
            id_token: None,
            dpop: None,
            id_claims: None,
            metadata: serde_json::from_value(serde_json::json!({
                "access": { "prefix": "", "fingerprint": "" }, "refresh": null, "issued_at": Timestamp::UNIX_EPOCH,
                "expires_at": null, "renewals": 0,
            }))
            .unwrap(),
            scopes: Vec::new(),
            project_ids: Vec::new(),
            deviations: Vec::new(),
            token_response: None,
            error: None,
        };
        let told = |version| store.write(|tx| set_introspected_end(tx, &id, version, end)).unwrap();
        let kept = || store.read(|c| get(c, &id)).unwrap().unwrap();
        store.write(|tx| tx.execute(app, [])).unwrap();
        store.write(|tx| insert(tx, &id, &AppId("a".into()), "c", Timestamp::UNIX_EPOCH)).unwrap();
        store.write(|tx| set_grant(tx, &id, 0, &grant)).unwrap();
        let asked_about = kept().version;
        // A refresh stores another token before the introspection response arrives.
        store.write(|tx| set_grant(tx, &id, asked_about, &grant)).unwrap();
        assert!(!told(asked_about));
        assert_eq!(kept().token_metadata().unwrap().expires_at, None);
        assert!(told(kept().version));
        assert_eq!(kept().token_metadata().unwrap().expires_at, Some(end));
    }
}
