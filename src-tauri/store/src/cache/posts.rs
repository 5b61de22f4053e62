//! Posts in the cache: filtered, sorted, and read piece by piece.

use grapnel_model::content::PostLine;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::failure::Failed;

/// What is selected, and in which order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Key {
    conditions: Vec<(&'static str, Value)>,
    order: Option<String>,
}

impl Key {
    /// Everything, in the order in which it came.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only where a condition with one `?` holds.
    pub fn only(&mut self, condition: &'static str, value: Option<impl Into<Value>>) {
        self.conditions.extend(value.map(|value| (condition, value.into())));
    }

    /// Sorted by a column. Rows without a value come last either way.
    pub fn by(&mut self, column: &str, is_descending: bool) {
        let way = if is_descending { "DESC" } else { "ASC" };
        self.order = Some(format!("{column} IS NULL, {column} {way}, id"));
    }

    fn sql(&self, what: &str) -> String {
        let range = std::iter::once("id BETWEEN ? AND ?");
        let conditions: Vec<&str> = range.chain(self.conditions.iter().map(|(sql, _)| *sql)).collect();
        let order = self.order.as_deref().unwrap_or("id");
        format!("SELECT {what} FROM entry WHERE {} ORDER BY {order}", conditions.join(" AND "))
    }

    fn values(&self, (first, last): (i64, i64)) -> impl Iterator<Item = Value> {
        let conditions = self.conditions.iter().map(|(_, value)| value.clone());
        [first.into(), last.into()].into_iter().chain(conditions)
    }
}

/// The rows of a list that are selected.
pub fn select(connection: &Connection, range: (i64, i64), key: &Key) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(&key.sql("id"))?;
    let mut rows = statement.query(params_from_iter(key.values(range)))?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(row.get(0)?);
    }
    Ok(ids)
}

/// The lines of these rows.
pub fn lines(connection: &Connection, ids: &[i64]) -> rusqlite::Result<Vec<PostLine>> {
    let mut statement = connection.prepare_cached("SELECT * FROM entry WHERE id = ?1")?;
    ids.iter().map(|id| statement.query_row([id], line)).collect()
}

/// Hands over the bodies of these rows one by one.
pub fn bodies(
    connection: &Connection,
    ids: impl IntoIterator<Item = i64>,
    mut each: impl FnMut(&str) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let mut statement = connection
        .prepare_cached("SELECT json FROM entry JOIN body ON body.id = entry.body WHERE entry.id = ?1")?;
    for id in ids {
        let mut rows = statement.query([id])?;
        if let Some(row) = rows.next()? {
            each(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        }
    }
    Ok(())
}

/// Counts what is selected by month of the last change and by status. `starts` are the months' first seconds.
pub fn months(
    connection: &Connection,
    range: (i64, i64),
    key: &Key,
    starts: &[i64],
) -> rusqlite::Result<Vec<[u32; 3]>> {
    let mut counts = vec![[0; 3]; starts.len()];
    let unsorted = Key { order: None, ..key.clone() };
    let mut statement = connection.prepare_cached(&unsorted.sql("last_update, status"))?;
    let mut rows = statement.query(params_from_iter(unsorted.values(range)))?;
    while let Some(row) = rows.next()? {
        let Some(at) = row.get::<_, Option<i64>>(0)? else { continue };
        let month = starts.partition_point(|start| *start <= at);
        let status = match row.get_ref(1)?.as_str_or_null().unwrap_or_default() {
            Some("published") => 0,
            Some("draft") => 1,
            _ => 2,
        };
        if let Some(counts) = month.checked_sub(1).and_then(|month| counts.get_mut(month)) {
            counts[status] += 1;
        }
    }
    Ok(counts)
}

fn line(row: &Row<'_>) -> rusqlite::Result<PostLine> {
    let moment = |column: &str| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(column)?.and_then(|seconds| Timestamp::from_second(seconds).ok()))
    };
    Ok(PostLine {
        id: row.get("key")?,
        title: row.get("title")?,
        status: row.get("status")?,
        author: row.get("author")?,
        category: row.get("category")?,
        word_count: row.get("word_count")?,
        created_on: moment("created_on")?,
        last_update: moment("last_update")?,
        post_publish: moment("post_publish")?,
    })
}
