//! The titles of one list in memory, so that a search need not read every row of the database.

use memchr::memmem::Finder;
use rusqlite::Connection;

/// The folded titles of a list's entries, in the order of their rows.
pub(super) struct Titles {
    /// The ID of the list, and its first and last row.
    list: (i64, (i64, i64)),
    text: String,
    /// Where each title ends in `text`.
    ends: Vec<usize>,
}

impl Titles {
    /// Reads the titles of a list whose entries are these rows.
    pub(super) fn read(connection: &Connection, list: i64, range: (i64, i64)) -> rusqlite::Result<Self> {
        let mut titles = Self { list: (list, range), text: String::new(), ends: Vec::new() };
        let mut statement =
            connection.prepare_cached("SELECT folded FROM entry WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
        let mut rows = statement.query([range.0, range.1])?;
        while let Some(row) = rows.next()? {
            titles.text.push_str(row.get_ref(0)?.as_str()?);
            titles.ends.push(titles.text.len());
        }
        Ok(titles)
    }

    /// Whether they are those of this list.
    pub(super) fn are_of(&self, list: i64, range: (i64, i64)) -> bool {
        self.list == (list, range)
    }

    /// Those of `ids` whose title contains `part`, in the same order, whatever the case.
    pub(super) fn containing(&self, part: &str, ids: &[i64]) -> Vec<i64> {
        let part = part.to_lowercase();
        let finder = Finder::new(&part);
        let contains =
            |id: &&i64| self.title(**id).is_some_and(|title| finder.find(title.as_bytes()).is_some());
        ids.iter().filter(contains).copied().collect()
    }

    fn title(&self, id: i64) -> Option<&str> {
        let at = usize::try_from(id - self.list.1.0).ok()?;
        let start = at.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before))?;
        self.text.get(*start..*self.ends.get(at)?)
    }
}
