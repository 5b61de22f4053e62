//! Keeping a list in place of what was read of it before. What came just so before is not written again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use grapnel_model::content::{Facet, Facets};
use jiff::Timestamp;
use rusqlite::{Connection, Statement, params};

use super::list::Of;
use crate::column::{Json, Time};

/// How many values of a kind are counted.
const VALUES: usize = 200;

/// One entry to keep.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The id that the provider knows it by.
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
    /// When it was published, or is to be.
    pub post_publish: Option<Timestamp>,
}

/// Keeps a list in place of the one that was there; a whole one also in place of those that were narrowed. It is made
/// of bodies, and of what `read` makes of those that were not there before; one of which it makes nothing is left out.
pub fn keep<B: AsRef<str>>(
    connection: &Connection,
    of: &Of,
    as_of: Timestamp,
    bodies: impl Iterator<Item = B>,
    mut read: impl FnMut(&B) -> Option<Entry>,
) -> rusqlite::Result<u32> {
    let which = "connection_id = ?1 AND kind = ?2 AND within = ?3 AND (?4 = '' OR narrowed <> '')";
    let before = lists(connection, which, &[&of.connection_id, &of.kind, &of.within, &of.narrowed])?;
    let mut known = Known::of(connection, &before)?;
    let mut found = Vec::new();
    for body in bodies {
        let same = known.take(connection, body.as_ref())?;
        found.push((body, same));
    }
    if let [rows] = before[..]
        && rows.are_just(found.iter().map(|(_, same)| *same))
    {
        let now = (rows.list, Time(as_of), &of.narrowed);
        connection.execute("UPDATE list SET as_of = ?2, narrowed = ?3 WHERE id = ?1", now)?;
        return Ok(u32::try_from(found.len()).unwrap_or(u32::MAX));
    }
    let first: i64 =
        connection.query_row("SELECT coalesce(max(id), 0) + 1 FROM entry", [], |row| row.get(0))?;
    let mut last = first - 1;
    let mut add = Adding::to(connection)?;
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
            of.connection_id,
            of.kind,
            of.within,
            of.narrowed,
            Time(as_of),
            first,
            size,
            Json(facets(connection, first, last)?)
        ],
    )?;
    Ok(size)
}

/// Deletes what was read through a connection; answers whether there was any.
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

/// The rows of a list that is to be replaced.
#[derive(Clone, Copy)]
struct Rows {
    list: i64,
    first: i64,
    last: i64,
}

impl Rows {
    /// Whether what is found is all of these rows, in their order.
    fn are_just(self, found: impl ExactSizeIterator<Item = Option<Same>>) -> bool {
        let size = usize::try_from(self.last + 1 - self.first).unwrap_or_default();
        found.len() == size
            && (self.first..).zip(found).all(|(id, same)| same.is_some_and(|same| same.entry == id))
    }
}

fn lists(connection: &Connection, which: &str, of: &[&str]) -> rusqlite::Result<Vec<Rows>> {
    connection
        .prepare(&format!("SELECT id, first, first + size - 1 FROM list WHERE {which}"))?
        .query_map(rusqlite::params_from_iter(of), |row| {
            Ok(Rows { list: row.get(0)?, first: row.get(1)?, last: row.get(2)? })
        })?
        .collect()
}

/// Deletes lists with their entries, and these bodies with their words.
fn remove(
    connection: &Connection,
    lists: &[Rows],
    bodies: impl Iterator<Item = i64>,
) -> rusqlite::Result<()> {
    for Rows { list, first, last } in lists {
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

/// An entry that is there, and its body.
#[derive(Clone, Copy)]
struct Same {
    entry: i64,
    body: i64,
}

/// What is there, by the hash of its body.
struct Known {
    hasher: RandomState,
    all: HashMap<u64, Vec<Same>>,
}

impl Known {
    fn of(connection: &Connection, lists: &[Rows]) -> rusqlite::Result<Self> {
        let (hasher, mut all) = (RandomState::new(), HashMap::<u64, Vec<Same>>::new());
        let mut read = connection.prepare(
            "SELECT entry.id, body.id, json FROM entry JOIN body ON body.id = entry.body
             WHERE entry.id BETWEEN ?1 AND ?2 ORDER BY entry.id DESC",
        )?;
        for list in lists {
            let mut rows = read.query([list.first, list.last])?;
            while let Some(row) = rows.next()? {
                let same = Same { entry: row.get(0)?, body: row.get(1)? };
                all.entry(hasher.hash_one(row.get_ref(2)?.as_str()?)).or_default().push(same);
            }
        }
        Ok(Self { hasher, all })
    }

    /// Takes out the first whose body is the same.
    fn take(&mut self, connection: &Connection, body: &str) -> rusqlite::Result<Option<Same>> {
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

    /// The bodies that nothing was the same as.
    fn left(self) -> impl Iterator<Item = i64> {
        self.all.into_values().flatten().map(|same| same.body)
    }
}

/// The statements that add an entry.
struct Adding<'a> {
    again: Statement<'a>,
    entry: Statement<'a>,
    body: Statement<'a>,
    words: Statement<'a>,
    last_body: i64,
}

impl<'a> Adding<'a> {
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

    /// Adds an entry whose body is there.
    fn again(&mut self, id: i64, same: Same) -> rusqlite::Result<()> {
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

/// What occurs among entries, and how often.
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
        // Of those that occur as often, by value, as they are.
        values.sort_by_key(|one| Reverse(one.count));
        values.truncate(VALUES);
        values
    });
    Ok(Facets { status, author, category })
}
