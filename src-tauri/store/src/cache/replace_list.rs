//! Replaces a cached list. Unchanged entries are not written again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use grapnel_model::content::{Facet, Facets};
use jiff::Timestamp;
use rusqlite::{Connection, Statement, params};

use super::list::ListKey;
use crate::column::{Json, Time};

/// How many values of a column are counted.
const MAX_FACET_VALUES: usize = 200;

/// An entry to cache.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The provider's ID.
    pub key: String,
    /// The title.
    pub title: String,
    /// The slug.
    pub slug: Option<String>,
    /// Further text that a search finds.
    pub note: Option<String>,
    /// The status, as the provider spells it.
    pub status: Option<String>,
    /// The author.
    pub author: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// The number of words.
    pub word_count: Option<u32>,
    /// When it was created at the provider.
    pub created_on: Option<Timestamp>,
    /// When it was last changed at the provider.
    pub last_update: Option<Timestamp>,
    /// When it was or will be published.
    pub post_publish: Option<Timestamp>,
}

/// Replaces the cached list; an unfiltered list also replaces the filtered ones. `read` parses only new bodies;
/// bodies that it rejects are skipped. Returns the number of entries.
pub fn replace_list<B: AsRef<str>>(
    connection: &Connection,
    key: &ListKey,
    as_of: Timestamp,
    bodies: impl Iterator<Item = B>,
    mut read: impl FnMut(&B) -> Option<Entry>,
) -> rusqlite::Result<u32> {
    let which = "connection_id = ?1 AND kind = ?2 AND within = ?3 AND (?4 = '' OR narrowed <> '')";
    let before = lists(connection, which, &[&key.connection_id, &key.kind, &key.within, &key.narrowed])?;
    let mut known = CachedBodies::of(connection, &before)?;
    let mut found = Vec::new();
    for body in bodies {
        let same = known.take(connection, body.as_ref())?;
        found.push((body, same));
    }
    if let [rows] = before[..]
        && rows.match_exactly(found.iter().map(|(_, same)| *same))
    {
        let now = (rows.list, Time(as_of), &key.narrowed);
        connection.execute("UPDATE list SET as_of = ?2, narrowed = ?3 WHERE id = ?1", now)?;
        return Ok(u32::try_from(found.len()).unwrap_or(u32::MAX));
    }
    let first: i64 =
        connection.query_row("SELECT coalesce(max(id), 0) + 1 FROM entry", [], |row| row.get(0))?;
    let mut last = first - 1;
    let mut add = EntryWriter::to(connection)?;
    for (body, same) in found {
        if let Some(same) = same {
            add.again(last + 1, same)?;
        } else if let Some(entry) = read(&body) {
            add.entry(last + 1, &entry, body.as_ref())?;
        } else {
            continue;
        }
        last += 1;
    }
    drop(add);
    remove(connection, &before, known.left())?;
    let size = u32::try_from(last + 1 - first).unwrap_or(u32::MAX);
    connection.execute(
        "INSERT INTO list (connection_id, kind, within, narrowed, as_of, first, size, facets)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            key.connection_id,
            key.kind,
            key.within,
            key.narrowed,
            Time(as_of),
            first,
            size,
            Json(facets(connection, first, last)?)
        ],
    )?;
    Ok(size)
}

/// Deletes every list of a connection. Returns whether there was one.
pub fn forget(connection: &Connection, connection_id: &str) -> rusqlite::Result<bool> {
    let lists = lists(connection, "connection_id = ?1", &[connection_id])?;
    let mut bodies = Vec::new();
    for list in &lists {
        let mut listed = connection.prepare("SELECT body FROM entry WHERE id BETWEEN ?1 AND ?2")?;
        let mut rows = listed.query([list.first, list.last])?;
        while let Some(row) = rows.next()? {
            bodies.push(row.get(0)?);
        }
    }
    remove(connection, &lists, bodies.into_iter())?;
    Ok(!lists.is_empty())
}

/// The ID of a list and the range of its entries.
#[derive(Clone, Copy)]
struct ListRows {
    list: i64,
    first: i64,
    last: i64,
}

impl ListRows {
    /// Whether `found` are exactly these entries, in order.
    fn match_exactly(self, found: impl ExactSizeIterator<Item = Option<CachedEntry>>) -> bool {
        let size = usize::try_from(self.last + 1 - self.first).unwrap_or_default();
        found.len() == size
            && (self.first..).zip(found).all(|(id, same)| same.is_some_and(|same| same.entry == id))
    }
}

fn lists(connection: &Connection, which: &str, of: &[&str]) -> rusqlite::Result<Vec<ListRows>> {
    connection
        .prepare(&format!("SELECT id, first, first + size - 1 FROM list WHERE {which}"))?
        .query_map(rusqlite::params_from_iter(of), |row| {
            Ok(ListRows { list: row.get(0)?, first: row.get(1)?, last: row.get(2)? })
        })?
        .collect()
}

/// Deletes lists with their entries, and bodies with their words.
fn remove(
    connection: &Connection,
    lists: &[ListRows],
    bodies: impl Iterator<Item = i64>,
) -> rusqlite::Result<()> {
    for ListRows { list, first, last } in lists {
        connection.execute("DELETE FROM entry WHERE id BETWEEN ?1 AND ?2", [first, last])?;
        connection.execute("DELETE FROM list WHERE id = ?1", [list])?;
    }
    let mut body = connection.prepare("DELETE FROM body WHERE id = ?1")?;
    let mut words = connection.prepare("DELETE FROM words WHERE rowid = ?1")?;
    for id in bodies {
        body.execute([id])?;
        words.execute([id])?;
    }
    Ok(())
}

/// A cached entry and its body.
#[derive(Clone, Copy)]
struct CachedEntry {
    entry: i64,
    body: i64,
}

/// The cached entries by the hash of their body.
struct CachedBodies {
    hasher: RandomState,
    all: HashMap<u64, Vec<CachedEntry>>,
}

impl CachedBodies {
    fn of(connection: &Connection, lists: &[ListRows]) -> rusqlite::Result<Self> {
        let (hasher, mut all) = (RandomState::new(), HashMap::<u64, Vec<CachedEntry>>::new());
        let mut read = connection.prepare(
            "SELECT entry.id, body.id, json FROM entry JOIN body ON body.id = entry.body
             WHERE entry.id BETWEEN ?1 AND ?2 ORDER BY entry.id DESC",
        )?;
        for list in lists {
            let mut rows = read.query([list.first, list.last])?;
            while let Some(row) = rows.next()? {
                let same = CachedEntry { entry: row.get(0)?, body: row.get(1)? };
                all.entry(hasher.hash_one(row.get_ref(2)?.as_str()?)).or_default().push(same);
            }
        }
        Ok(Self { hasher, all })
    }

    /// Removes and returns the first entry with the same body.
    fn take(&mut self, connection: &Connection, body: &str) -> rusqlite::Result<Option<CachedEntry>> {
        if self.all.is_empty() {
            return Ok(None);
        }
        let Some(alike) = self.all.get_mut(&self.hasher.hash_one(body)) else { return Ok(None) };
        let mut read = connection.prepare_cached("SELECT json FROM body WHERE id = ?1")?;
        for at in (0..alike.len()).rev() {
            if read.query_row([alike[at].body], |row| Ok(row.get_ref(0)?.as_str()? == body))? {
                return Ok(Some(alike.remove(at)));
            }
        }
        Ok(None)
    }

    /// The bodies that were not taken.
    fn left(self) -> impl Iterator<Item = i64> {
        self.all.into_values().flatten().map(|same| same.body)
    }
}

/// Prepared statements that add entries.
struct EntryWriter<'a> {
    again: Statement<'a>,
    entry: Statement<'a>,
    body: Statement<'a>,
    words: Statement<'a>,
    last_body: i64,
}

impl<'a> EntryWriter<'a> {
    fn to(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            again: connection.prepare(
                "INSERT INTO entry SELECT ?1, key, title, folded, status, author, category, word_count, created_on,
                    last_update, post_publish, body FROM entry WHERE id = ?2",
            )?,
            entry: connection
                .prepare("INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?,
            body: connection.prepare("INSERT INTO body VALUES (?1, ?2)")?,
            words: connection.prepare(
                "INSERT INTO words (rowid, title, slug, author, category, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            last_body: connection
                .query_row("SELECT coalesce(max(id), 0) FROM body", [], |row| row.get(0))?,
        })
    }

    /// Adds an entry whose body is cached.
    fn again(&mut self, id: i64, same: CachedEntry) -> rusqlite::Result<()> {
        self.again.execute([id, same.entry]).map(drop)
    }

    fn entry(&mut self, id: i64, entry: &Entry, json: &str) -> rusqlite::Result<()> {
        let seconds = |moment: Option<Timestamp>| moment.map(Timestamp::as_second);
        self.last_body += 1;
        let body = self.last_body;
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
            body,
        ])?;
        self.body.execute(params![body, json])?;
        let words = |text: &Option<String>| text.as_deref().map(super::search::spaced);
        self.words.execute(params![
            body,
            super::search::spaced(&entry.title),
            words(&entry.slug),
            words(&entry.author),
            words(&entry.category),
            words(&entry.note),
        ])?;
        Ok(())
    }
}

/// The values that occur in the entries, with counts.
fn facets(connection: &Connection, first: i64, last: i64) -> rusqlite::Result<Facets> {
    let mut counts = [const { BTreeMap::new() }; 3];
    let mut read =
        connection.prepare("SELECT status, author, category FROM entry WHERE id BETWEEN ?1 AND ?2")?;
    let mut rows = read.query([first, last])?;
    while let Some(row) = rows.next()? {
        for (column, counts) in counts.iter_mut().enumerate() {
            let Some(value) = row.get_ref(column)?.as_str_or_null()? else { continue };
            match counts.get_mut(value) {
                Some(count) => *count += 1,
                None => drop(counts.insert(value.to_owned(), 1)),
            }
        }
    }
    let [status, author, category] = counts.map(|counts| {
        let mut values: Vec<Facet> =
            counts.into_iter().map(|(value, count)| Facet { value, count }).collect();
        // Equally frequent values are sorted by value.
        values.sort_by_key(|one| Reverse(one.count));
        values.truncate(MAX_FACET_VALUES);
        values
    });
    Ok(Facets { status, author, category })
}
