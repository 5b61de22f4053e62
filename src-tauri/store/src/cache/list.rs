//! The cached lists.

use std::collections::HashMap;

use grapnel_model::content::Facets;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::column::{Time, json};

/// Identifies a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListKey {
    /// The connection that it was read through.
    pub connection_id: String,
    /// What is listed, such as `project` or `post`.
    pub kind: String,
    /// The ID of the parent, such as a project; empty for a list without one.
    pub within: String,
    /// The filter that the provider has applied; empty for the whole list.
    pub narrowed: String,
}

/// A cached list.
#[derive(Debug, Clone)]
pub struct List {
    /// The ID.
    pub id: i64,
    /// When it was fetched.
    pub as_of: Timestamp,
    /// The values that occur in it, with counts.
    pub facets: Facets,
    /// How many entries it has.
    pub size: i64,
    first: i64,
}

impl List {
    /// The IDs of its first and last entry.
    pub fn range(&self) -> (i64, i64) {
        (self.first, self.first + self.size - 1)
    }
}

/// A list, if it is cached.
pub fn get(connection: &Connection, key: &ListKey) -> rusqlite::Result<Option<List>> {
    connection
        .prepare_cached(
            "SELECT * FROM list WHERE connection_id = ?1 AND kind = ?2 AND within = ?3 AND narrowed = ?4",
        )?
        .query_row([&key.connection_id, &key.kind, &key.within, &key.narrowed], |row| {
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

/// The body of the entry with this key.
pub fn one(connection: &Connection, list: &List, key: &str) -> rusqlite::Result<Option<String>> {
    let (from, to) = list.range();
    connection
        .query_row(
            "SELECT json FROM entry JOIN body ON body.id = entry.body WHERE entry.id BETWEEN ?1 AND ?2 AND key = ?3",
            params![from, to, key],
            |row| row.get(0),
        )
        .optional()
}

/// The number of entries of each unfiltered list of a kind, by [`ListKey::within`].
pub fn sizes(
    connection: &Connection,
    connection_id: &str,
    kind: &str,
) -> rusqlite::Result<HashMap<String, u32>> {
    connection
        .prepare("SELECT within, size FROM list WHERE connection_id = ?1 AND kind = ?2 AND narrowed = ''")?
        .query_map([connection_id, kind], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
