//! The activity log in the store, bounded.

use grapnel_model::activity::{Entry, Kind};
use grapnel_model::id::{AppId, ConnectionId};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::column::{Json, Time, json};

/// How many entries are kept of what the person and Grapnel did.
const KEPT: i64 = 10_000;
/// How many are kept of each kind that comes from outside: see [`Kind::FROM_OUTSIDE`].
const KEPT_FROM_OUTSIDE: i64 = 2_000;
/// How many programs are told one by one of those that were given a connection's token; what is older is one entry.
const PROGRAMS: i64 = 200;
/// What the entry of those is known by. No program is: each is known by a path.
const EARLIER: &str = "earlier";
/// How long the same thing is one entry: a script that asks each second leaves 24 a day.
const SPAN: SignedDuration = SignedDuration::from_hours(1);
/// How many are shown at once.
const SHOWN: i64 = 500;

/// Adds an entry, and drops the oldest beyond the bound. Kinds that come from outside displace only their own.
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
    // By count: what takes the place of another has a number of its own.
    if Kind::FROM_OUTSIDE.contains(&kind) {
        let beyond = "DELETE FROM activity WHERE kind = ?1
            AND id <= (SELECT id FROM activity WHERE kind = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        return connection.execute(beyond, params![Json(kind), KEPT_FROM_OUTSIDE]).map(drop);
    }
    let [a, b, c, d] = Kind::FROM_OUTSIDE.map(Json);
    let beyond = "DELETE FROM activity WHERE kind NOT IN (?2, ?3, ?4, ?5) AND id <= (
        SELECT id FROM activity WHERE kind NOT IN (?2, ?3, ?4, ?5) ORDER BY id DESC LIMIT 1 OFFSET ?1)";
    connection.execute(beyond, params![KEPT, a, b, c, d]).map(drop)
}

/// Adds an entry in place of the connection's last one, if that is of the same kind.
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

/// Adds an entry that may come again and again about the same connection or none, known by `by`; within [`SPAN`] it is one
/// entry, which tells how often and when last. Beyond [`PROGRAMS`] that were given one connection's token, the oldest are
/// summed up.
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
        params![of.0, Time(at), Json(kind), by, text, Time(at.saturating_sub(SPAN).unwrap_or(at))],
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
        Some(id) if kind == Kind::TokenHandedOut => sum_up(connection, kind, id),
        _ => Ok(()),
    }
}

/// Folds the oldest entries of a kind and connection beyond [`PROGRAMS`] into the one that stands for all before.
fn sum_up(connection: &Connection, kind: Kind, of: &ConnectionId) -> rusqlite::Result<()> {
    let mut listed = connection.prepare_cached(
        "SELECT id, times, coalesce(last_at, at) FROM activity
         WHERE connection_id = ?1 AND kind = ?2 AND repeats IS NOT NULL AND repeats <> ?3
         ORDER BY id DESC LIMIT -1 OFFSET ?4",
    )?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let beyond = listed.query_map(params![of, Json(kind), EARLIER, PROGRAMS], read)?;
    for oldest in beyond.collect::<rusqlite::Result<Vec<(i64, u32, Time)>>>()? {
        let (id, times, last_at) = oldest;
        let added = connection.execute(
            "UPDATE activity SET times = times + ?4, last_at = max(coalesce(last_at, at), ?5)
             WHERE connection_id = ?1 AND kind = ?2 AND repeats = ?3",
            params![of, Json(kind), EARLIER, times, last_at],
        )?;
        if added > 0 {
            connection.execute("DELETE FROM activity WHERE id = ?1", [id])?;
        } else {
            let text = "Access token handed to programs that are not listed one by one any more.";
            connection.execute(
                "UPDATE activity SET repeats = ?2, text = ?3 WHERE id = ?1",
                params![id, EARLIER, text],
            )?;
        }
    }
    Ok(())
}

/// When a connection's access token was last given to anyone, as far as is still known.
pub fn last_handed_out(connection: &Connection, id: &ConnectionId) -> rusqlite::Result<Option<Timestamp>> {
    let last =
        "SELECT max(coalesce(last_at, at)) FROM activity WHERE connection_id = ?1 AND kind IN (?2, ?3)";
    let kinds = (Json(Kind::TokenHandedOut), Json(Kind::TokenCopied));
    let last = connection.query_row(last, params![id, kinds.0, kinds.1], |row| row.get::<_, Option<Time>>(0));
    last.map(|last| last.map(|time| time.0))
}

/// The newest entries first: of one connection, or of everything; only those that contain `search`, in their text
/// or in the name of what they are about.
pub fn newest(
    connection: &Connection,
    of: Option<&ConnectionId>,
    search: Option<&str>,
) -> rusqlite::Result<Vec<Entry>> {
    let pattern = search.map(|text| {
        let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        format!("%{escaped}%")
    });
    connection
        .prepare(
            "SELECT a.* FROM activity a LEFT JOIN connection c ON c.id = a.connection_id LEFT JOIN app ON app.id = a.app_id
             WHERE (?1 IS NULL OR a.connection_id = ?1) AND (?2 IS NULL OR a.text LIKE ?2 ESCAPE '!'
                OR c.name LIKE ?2 ESCAPE '!' OR (c.id IS NULL AND app.name LIKE ?2 ESCAPE '!'))
             ORDER BY a.id DESC LIMIT ?3",
        )?
        .query_map(params![of, pattern, SHOWN], read)?
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Store;

    #[test]
    fn what_takes_the_place_of_another_drives_nothing_else_out() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let told = store
            .write(|tx| {
                tx.execute_batch(
                    "INSERT INTO app (id, name, provider, client_id, redirect_uri, scopes, projects, overrides, created_at)
                        VALUES ('a', 'Acme', 'grigora', '', '', '[]', '[]', '{}', '');
                     INSERT INTO connection (id, app_id, name, created_at) VALUES ('c', 'a', 'Acme', '');",
                )?;
                add(tx, now, Kind::AppAdded, "App added.", (None, None))?;
                let id = ConnectionId("c".into());
                for _ in 0..=KEPT {
                    add_again(tx, now, Kind::RenewedByItself, "Renewed.", (Some(&id), None))?;
                }
                newest(tx, None, None)
            })
            .unwrap();
        let told: Vec<&str> = told.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(told, ["Renewed.", "App added."]);
    }
}
