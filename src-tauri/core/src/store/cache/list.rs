//! Lists in the cache: kept as a whole, in place of what was read before.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::content::{Facet, Facets};
use crate::store::column::{Json, Time, json};

/// How many values of a kind are counted.
const VALUES: usize = 200;

/// Which list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Of {
    pub(crate) connection_id: String,
    pub(crate) kind: String,
    pub(crate) within: String,
    pub(crate) narrowed: String,
}

/// A list as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) id: i64,
    pub(crate) as_of: Timestamp,
    pub(crate) facets: Facets,
    pub(crate) size: i64,
    first: i64,
}

impl List {
    /// Its first and last row.
    pub(crate) fn range(&self) -> (i64, i64) {
        (self.first, self.first + self.size - 1)
    }
}

/// One entry to keep.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) slug: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) word_count: Option<u32>,
    pub(crate) created_on: Option<Timestamp>,
    pub(crate) last_update: Option<Timestamp>,
    pub(crate) post_publish: Option<Timestamp>,
    pub(crate) json: String,
}

/// Keeps a list in place of the one that was there; a whole one also in place of those that were narrowed.
pub(crate) fn keep(
    connection: &Connection,
    of: &Of,
    as_of: Timestamp,
    entries: impl Iterator<Item = Entry>,
) -> rusqlite::Result<u32> {
    let replaced = if of.narrowed.is_empty() { "" } else { "AND narrowed <> ''" };
    remove(
        connection,
        &format!("connection_id = ?1 AND kind = ?2 AND within = ?3 {replaced}"),
        &[&of.connection_id, &of.kind, &of.within],
    )?;
    let first: i64 =
        connection.query_row("SELECT coalesce(max(id), 0) + 1 FROM entry", [], |row| row.get(0))?;
    let mut counts = Counts::default();
    let mut size = 0_u32;
    let mut add = Adding::to(connection)?;
    for (id, entry) in (first..).zip(entries) {
        counts.count(&entry);
        add.entry(id, &entry)?;
        size += 1;
    }
    connection.execute(
        "INSERT INTO list (connection_id, kind, within, narrowed, as_of, first, size, facets)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            of.connection_id,
            of.kind,
            of.within,
            of.narrowed,
            Time(as_of),
            first,
            size,
            Json(counts.facets())
        ],
    )?;
    Ok(size)
}

/// Deletes what was read through a connection; answers whether there was any.
pub(crate) fn forget(connection: &Connection, connection_id: &str) -> rusqlite::Result<bool> {
    remove(connection, "connection_id = ?1", &[connection_id])
}

fn remove(connection: &Connection, which: &str, of: &[&str]) -> rusqlite::Result<bool> {
    let lists: Vec<(i64, i64, i64)> = connection
        .prepare(&format!("SELECT id, first, first + size - 1 FROM list WHERE {which}"))?
        .query_map(rusqlite::params_from_iter(of), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (list, first, last) in &lists {
        connection.execute("DELETE FROM entry WHERE id BETWEEN ?1 AND ?2", [first, last])?;
        connection.execute("DELETE FROM body WHERE id BETWEEN ?1 AND ?2", [first, last])?;
        connection.execute("DELETE FROM words WHERE rowid BETWEEN ?1 AND ?2", [first, last])?;
        connection.execute("DELETE FROM list WHERE id = ?1", [list])?;
    }
    Ok(!lists.is_empty())
}

/// A list, if it was kept.
pub(crate) fn get(connection: &Connection, of: &Of) -> rusqlite::Result<Option<List>> {
    connection
        .prepare_cached(
            "SELECT * FROM list WHERE connection_id = ?1 AND kind = ?2 AND within = ?3 AND narrowed = ?4",
        )?
        .query_row([&of.connection_id, &of.kind, &of.within, &of.narrowed], |row| {
            Ok(List {
                id: row.get("id")?,
                as_of: row.get::<_, Time>("as_of")?.0,
                facets: json(row, "facets")?,
                size: row.get("size")?,
                first: row.get("first")?,
            })
        })
        .optional()
}

/// The body of the entry of a list that has this key.
pub(crate) fn one(connection: &Connection, list: &List, key: &str) -> rusqlite::Result<Option<String>> {
    let (from, to) = list.range();
    connection
        .query_row(
            "SELECT json FROM body JOIN entry USING (id) WHERE id BETWEEN ?1 AND ?2 AND key = ?3",
            params![from, to, key],
            |row| row.get(0),
        )
        .optional()
}

/// How many entries were kept of each whole list of a kind, by what it is within.
pub(crate) fn sizes(
    connection: &Connection,
    connection_id: &str,
    kind: &str,
) -> rusqlite::Result<HashMap<String, u32>> {
    connection
        .prepare("SELECT within, size FROM list WHERE connection_id = ?1 AND kind = ?2 AND narrowed = ''")?
        .query_map([connection_id, kind], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The three statements that add an entry.
struct Adding<'a> {
    entry: rusqlite::Statement<'a>,
    body: rusqlite::Statement<'a>,
    words: rusqlite::Statement<'a>,
}

impl<'a> Adding<'a> {
    fn to(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            entry: connection
                .prepare("INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?,
            body: connection.prepare("INSERT INTO body VALUES (?1, ?2)")?,
            words: connection.prepare(
                "INSERT INTO words (rowid, title, slug, author, category, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
        })
    }

    fn entry(&mut self, id: i64, entry: &Entry) -> rusqlite::Result<()> {
        let seconds = |moment: Option<Timestamp>| moment.map(Timestamp::as_second);
        self.entry.execute(params![
            id,
            entry.key,
            entry.title,
            entry.title.to_lowercase(),
            entry.status,
            entry.author,
            entry.category,
            entry.word_count,
            seconds(entry.created_on),
            seconds(entry.last_update),
            seconds(entry.post_publish),
        ])?;
        self.body.execute(params![id, entry.json])?;
        let words = |text: &Option<String>| text.as_deref().map(super::search::spaced);
        self.words.execute(params![
            id,
            super::search::spaced(&entry.title),
            words(&entry.slug),
            words(&entry.author),
            words(&entry.category),
            words(&entry.note),
        ])?;
        Ok(())
    }
}

/// What occurred so far, and how often.
#[derive(Default)]
struct Counts([HashMap<String, u32>; 3]);

impl Counts {
    fn count(&mut self, entry: &Entry) {
        for (counts, value) in self.0.iter_mut().zip([&entry.status, &entry.author, &entry.category]) {
            let Some(value) = value else { continue };
            match counts.get_mut(value) {
                Some(count) => *count += 1,
                None => drop(counts.insert(value.clone(), 1)),
            }
        }
    }

    fn facets(self) -> Facets {
        let [status, author, category] = self.0.map(|counts| {
            let mut values: Vec<Facet> =
                counts.into_iter().map(|(value, count)| Facet { value, count }).collect();
            values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            values.truncate(VALUES);
            values
        });
        Facets { status, author, category }
    }
}
