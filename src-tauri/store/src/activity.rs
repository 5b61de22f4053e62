//! The `activity` table, bounded in size.

use grapnel_model::activity::{Entry, Kind};
use grapnel_model::id::{AppId, ConnectionId, ExchangeId};
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::ToSql;
use rusqlite::{Connection, Row, params, params_from_iter};

use crate::column::{Json, Time, json};

/// How many entries are kept of actions of the person and of Grapnel.
const MAX_ENTRIES: i64 = 10_000;
/// How many entries are kept of each kind that others can cause: see [`Kind::EXTERNAL`].
const MAX_ENTRIES_PER_OUTSIDE_KIND: i64 = 2_000;
/// How many programs that received a connection's token are listed one by one; older ones share one entry.
const MAX_LISTED_PROGRAMS: i64 = 200;
/// The key of the shared entry. It cannot be a program's, which is a path.
const OLDER_PROGRAMS: &str = "earlier";
/// How long a repeated event is one entry: a script that asks each second leaves 24 entries a day.
const REPEAT_WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// How many entries a query returns.
const MAX_SHOWN: i64 = 500;

/// Adds an entry and deletes the oldest beyond the bound. A kind that others can cause displaces only its own
/// entries.
pub fn add(
    connection: &Connection,
    at: Timestamp,
    kind: Kind,
    text: &str,
    of: (Option<&ConnectionId>, Option<&AppId>),
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO activity (at, kind, text, connection_id, app_id) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![Time(at), Json(kind), text, of.0, of.1],
    )?;
    // Bounded by count rather than by id: a replaced entry gets a new id.
    if Kind::EXTERNAL.contains(&kind) {
        let beyond = "DELETE FROM activity WHERE kind = ?1
            AND id <= (SELECT id FROM activity WHERE kind = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        return connection.execute(beyond, params![Json(kind), MAX_ENTRIES_PER_OUTSIDE_KIND]).map(drop);
    }
    let kinds = Kind::EXTERNAL.map(Json);
    let values =
        std::iter::once(&MAX_ENTRIES as &dyn ToSql).chain(kinds.iter().map(|kind| kind as &dyn ToSql));
    let own = "kind NOT IN (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let beyond = format!(
        "DELETE FROM activity WHERE {own}
            AND id <= (SELECT id FROM activity WHERE {own} ORDER BY id DESC LIMIT 1 OFFSET ?1)"
    );
    connection.execute(&beyond, params_from_iter(values)).map(drop)
}

/// Adds an entry; replaces the connection's last one if it is of the same kind.
pub fn add_again(
    connection: &Connection,
    at: Timestamp,
    kind: Kind,
    text: &str,
    of: (Option<&ConnectionId>, Option<&AppId>),
) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM activity WHERE kind = ?2 AND id = (SELECT max(id) FROM activity WHERE connection_id = ?1)",
        params![of.0, Json(kind)],
    )?;
    add(connection, at, kind, text, of)
}

/// Links the entry that was added last by this connection to the database to the exchange that it tells about.
pub fn link_last(connection: &Connection, exchange: &ExchangeId) -> rusqlite::Result<()> {
    let id = connection.last_insert_rowid();
    connection.execute("UPDATE activity SET exchange_id = ?2 WHERE id = ?1", params![id, exchange]).map(drop)
}

/// Adds an entry that may repeat. Within `REPEAT_WINDOW`, entries of the same connection, kind and key `by` are
/// one, with a count and the last time. Beyond `MAX_LISTED_PROGRAMS`, the oldest programs are merged into one
/// entry.
pub fn add_repeated(
    connection: &Connection,
    at: Timestamp,
    kind: Kind,
    (by, text): (&str, &str),
    of: (Option<&ConnectionId>, Option<&AppId>),
) -> rusqlite::Result<()> {
    let again = connection.execute(
        "UPDATE activity SET times = times + 1, last_at = ?2, text = ?5 WHERE id = (
            SELECT max(id) FROM activity WHERE connection_id IS ?1 AND kind = ?3 AND repeats = ?4
         ) AND at BETWEEN ?6 AND ?2",
        params![of.0, Time(at), Json(kind), by, text, Time(at.saturating_sub(REPEAT_WINDOW).unwrap_or(at))],
    )?;
    if again == 1 {
        return Ok(());
    }
    add(connection, at, kind, text, of)?;
    connection.execute(
        "UPDATE activity SET repeats = ?2 WHERE id = ?1",
        params![connection.last_insert_rowid(), by],
    )?;
    match of.0 {
        Some(id) if kind == Kind::TokenHandedOut => merge_oldest_programs(connection, kind, id),
        _ => Ok(()),
    }
}

/// Merges the oldest entries beyond [`MAX_LISTED_PROGRAMS`] into the shared entry.
fn merge_oldest_programs(connection: &Connection, kind: Kind, of: &ConnectionId) -> rusqlite::Result<()> {
    let mut listed = connection.prepare_cached(
        "SELECT id, times, coalesce(last_at, at) FROM activity
         WHERE connection_id = ?1 AND kind = ?2 AND repeats IS NOT NULL AND repeats <> ?3
         ORDER BY id DESC LIMIT -1 OFFSET ?4",
    )?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let beyond = listed.query_map(params![of, Json(kind), OLDER_PROGRAMS, MAX_LISTED_PROGRAMS], read)?;
    for oldest in beyond.collect::<rusqlite::Result<Vec<(i64, u32, Time)>>>()? {
        let (id, times, last_at) = oldest;
        let added = connection.execute(
            "UPDATE activity SET times = times + ?4, last_at = max(coalesce(last_at, at), ?5)
             WHERE connection_id = ?1 AND kind = ?2 AND repeats = ?3",
            params![of, Json(kind), OLDER_PROGRAMS, times, last_at],
        )?;
        if added > 0 {
            connection.execute("DELETE FROM activity WHERE id = ?1", [id])?;
        } else {
            let text = "Access token handed to programs that are not listed one by one any more.";
            connection.execute(
                "UPDATE activity SET repeats = ?2, text = ?3 WHERE id = ?1",
                params![id, OLDER_PROGRAMS, text],
            )?;
        }
    }
    Ok(())
}

/// When a connection's access token was last handed out, according to the log.
pub fn last_handed_out(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<Timestamp>> {
    let last =
        "SELECT max(coalesce(last_at, at)) FROM activity WHERE connection_id = ?1 AND kind IN (?2, ?3)";
    let kinds = (Json(Kind::TokenHandedOut), Json(Kind::TokenCopied));
    let last = connection.query_row(last, params![id, kinds.0, kinds.1], |row| row.get::<_, Option<Time>>(0));
    last.map(|last| last.map(|time| time.0))
}

/// The entries, newest first: of one connection or of all; with `search`, only those that contain it in their text or
/// in the name of their connection or app; with `kinds`, only those of these kinds.
pub fn newest(
    connection: &Connection,
    of: Option<&ConnectionId>,
    search: Option<&str>,
    kinds: &[Kind],
) -> rusqlite::Result<Vec<Entry>> {
    let pattern = search.map(|text| {
        let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        format!("%{escaped}%")
    });
    connection
        .prepare(
            "SELECT a.*, e.id AS known_exchange FROM activity a LEFT JOIN api_exchange e ON e.id = a.exchange_id
             LEFT JOIN connection c ON c.id = a.connection_id LEFT JOIN app ON app.id = \
             a.app_id
             WHERE (?1 IS NULL OR a.connection_id = ?1) AND (?2 IS NULL OR a.text LIKE ?2 ESCAPE '!'
                OR c.name LIKE ?2 ESCAPE '!' OR (c.id IS NULL AND app.name LIKE ?2 ESCAPE '!'))
                AND (?4 = '[]' OR a.kind ->> '$' IN (SELECT value FROM json_each(?4)))
             ORDER BY a.id DESC LIMIT ?3",
        )?
        .query_map(params![of, pattern, MAX_SHOWN, Json(kinds)], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        at: row.get::<_, Time>("at")?.0,
        kind: json(row, "kind")?,
        text: row.get("text")?,
        times: row.get("times")?,
        last_at: row.get::<_, Option<Time>>("last_at")?.map(|time| time.0),
        connection_id: row.get("connection_id")?,
        app_id: row.get("app_id")?,
        exchange_id: row.get("known_exchange")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Store;

    #[test]
    fn a_replaced_entry_displaces_no_other() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let told = store
            .write(|tx| {
                tx.execute_batch(
                    "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, \
                     created_at)
                        VALUES ('a', 'Acme', 'grigora', '', '', '[]', '[]', '{}', '');
                     INSERT INTO connection (id, app_id, name, created_at) VALUES ('c', 'a', 'Acme', '');",
                )?;
                add(tx, now, Kind::AppAdded, "App added.", (None, None))?;
                let id = ConnectionId("c".into());
                for _ in 0..=MAX_ENTRIES {
                    add_again(tx, now, Kind::RefreshedAutomatically, "Refreshed.", (Some(&id), None))?;
                }
                newest(tx, None, None, &[])
            })
            .unwrap();
        let told: Vec<&str> = told.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(told, ["Refreshed.", "App added."]);
        let of_kinds = |kinds: &[Kind]| store.read(|c| newest(c, None, None, kinds)).unwrap().len();
        assert_eq!(of_kinds(&[Kind::AppAdded, Kind::AppRemoved]), 1);
        assert_eq!(of_kinds(&[Kind::AppRemoved]), 0);
    }
}
