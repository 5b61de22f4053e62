//! Full-text search over everything in the cache.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::column::Time;

/// The most results.
const MAX_HITS: i64 = 50;

/// A result.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The connection that it was read through.
    pub connection_id: String,
    /// The kind of resource, such as `post`.
    pub kind: String,
    /// The ID of its parent, such as a project.
    pub within: String,
    /// The parent's title, if it was fetched.
    pub parent: Option<String>,
    /// The provider's ID.
    pub key: String,
    /// The title.
    pub title: String,
    /// The status, as the provider spells it.
    pub status: Option<String>,
    /// When it was fetched.
    pub as_of: Timestamp,
}

/// The entries that contain every word of a text as a prefix of a word; best match first.
pub fn find(connection: &Connection, text: &str) -> rusqlite::Result<Vec<Hit>> {
    let Some(wanted) = wanted(text) else { return Ok(Vec::new()) };
    let mut hits: Vec<Hit> = connection
        .prepare_cached(
            "SELECT connection_id, kind, within, key, title, status, max(as_of) AS as_of
             FROM (SELECT rowid AS body, rank AS rank FROM words WHERE words MATCH ?1 ORDER BY rank LIMIT ?2)
             JOIN entry USING (body)
             JOIN list ON entry.id BETWEEN list.first AND list.first + list.size - 1
             WHERE kind <> 'project' GROUP BY connection_id, kind, within, key ORDER BY min(rank)",
        )?
        .query_map(rusqlite::params![wanted, MAX_HITS], |row| {
            Ok(Hit {
                connection_id: row.get("connection_id")?,
                kind: row.get("kind")?,
                within: row.get("within")?,
                parent: None,
                key: row.get("key")?,
                title: row.get("title")?,
                status: row.get("status")?,
                as_of: row.get::<_, Time>("as_of")?.0,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut parents = HashMap::new();
    for hit in hits.iter_mut().filter(|hit| !hit.within.is_empty()) {
        let title = match parents.entry((hit.connection_id.clone(), hit.within.clone())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(other) => other.insert(parent_title(connection, hit)?),
        };
        hit.parent.clone_from(title);
    }
    Ok(hits)
}

/// The title of a result's parent, from the shortest list of another kind that has it.
fn parent_title(connection: &Connection, of: &Hit) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT title FROM list JOIN entry ON entry.id BETWEEN first AND first + size - 1
             WHERE connection_id = ?1 AND within = '' AND kind <> ?2 AND key = ?3 ORDER BY size LIMIT 1",
        )?
        .query_row([&of.connection_id, &of.kind, &of.within], |row| row.get(0))
        .optional()
}

/// Converts a text to an FTS5 query in which nothing is an operator.
fn wanted(text: &str) -> Option<String> {
    let words =
        text.split_whitespace().map(|word| word.replace('"', " ")).filter(|word| !word.trim().is_empty());
    let terms: Vec<String> = words.map(|word| format!("\"{}\"*", spaced(&word).trim())).collect();
    (!terms.is_empty()).then(|| terms.join(" "))
}

/// Separates Chinese and Japanese characters with spaces. These scripts put no space between words, and the tokenizer
/// would take a whole title for one word. So each character is a word, and a query is a phrase of them.
pub(super) fn spaced(text: &str) -> String {
    let is_word = |c: char| {
        matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' |
    '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
    };
    if !text.chars().any(is_word) {
        return text.to_owned();
    }
    let mut spaced = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if is_word(c) {
            spaced.extend([' ', c, ' ']);
        } else {
            spaced.push(c);
        }
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_search_text_is_an_operator() {
        assert_eq!(wanted("rope OR \"salt").as_deref(), Some("\"rope\"* \"OR\"* \"salt\"*"));
        assert_eq!(wanted(" \" "), None);
        assert_eq!(wanted("塩水 x").as_deref(), Some("\"塩  水\"* \"x\"*"));
    }
}
