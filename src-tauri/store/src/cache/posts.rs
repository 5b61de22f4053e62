//! Posts in the cache. Only this file renders a [`PostQuery`] as SQL.

use grapnel_model::content::{Order, PostLine, PostQuery, filled};
use grapnel_model::error::Error;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::error::CacheError;

/// The members of a post that the cache sorts by, and their columns.
const SORT_COLUMNS: [(&str, &str); 8] = [
    ("title", "folded"),
    ("status", "status"),
    ("author", "author"),
    ("category", "category"),
    ("word_count", "word_count"),
    ("created_on", "created_on"),
    ("last_update", "last_update"),
    ("post_publish", "post_publish"),
];

/// The WHERE clause of a query over the rows of a list, with its parameters.
fn filters((first, last): (i64, i64), query: &PostQuery) -> (String, Vec<Value>) {
    let text = |text: &Option<String>| filled(text).map(|text| text.to_owned().into());
    let seconds = |moment: Option<Timestamp>| moment.map(|moment| moment.as_second().into());
    let count = |count: Option<u32>| count.map(Value::from);
    let conditions = [
        ("id >= ?", Some(first.into())),
        ("id <= ?", Some(last.into())),
        ("status = ?", text(&query.status)),
        ("instr(folded, ?) > 0", filled(&query.title).map(|title| title.to_lowercase().into())),
        ("last_update >= ?", seconds(query.updated_from)),
        ("last_update <= ?", seconds(query.updated_to)),
        ("post_publish >= ?", seconds(query.published_from)),
        ("post_publish <= ?", seconds(query.published_to)),
        ("author = ?", text(&query.author)),
        ("category = ?", text(&query.category)),
        ("word_count >= ?", count(query.words_from)),
        ("word_count <= ?", count(query.words_to)),
    ];
    let (clauses, values): (Vec<&str>, Vec<Value>) =
        conditions.into_iter().filter_map(|(clause, value)| Some((clause, value?))).unzip();
    (clauses.join(" AND "), values)
}

/// The ORDER BY clause of a query. Rows without a value come last in both directions. Without a sort key, rows are in
/// the provider's order.
fn order(query: &PostQuery) -> Result<String, Error> {
    let Some(sort) = filled(&query.sort) else { return Ok("id".into()) };
    let (_, column) = SORT_COLUMNS.into_iter().find(|(name, _)| *name == sort).ok_or_else(|| {
        Error::input("sort", format!("What was read is not sorted by “{sort}”."))
            .hint(format!("Sort by one of these: {}.", SORT_COLUMNS.map(|(name, _)| name).join(", ")))
    })?;
    let direction = if query.order == Some(Order::Desc) { "DESC" } else { "ASC" };
    Ok(format!("{column} IS NULL, {column} {direction}, id"))
}

/// The rows of a list that a query selects, in its order.
pub(super) fn select(
    connection: &Connection,
    range: (i64, i64),
    query: &PostQuery,
) -> Result<Vec<i64>, CacheError> {
    let (filters, values) = filters(range, query);
    let sql = format!("SELECT id FROM entry WHERE {filters} ORDER BY {}", order(query)?);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(row.get(0)?);
    }
    Ok(ids)
}

/// The table rows of these posts.
pub fn lines(connection: &Connection, ids: &[i64]) -> rusqlite::Result<Vec<PostLine>> {
    let mut statement = connection.prepare_cached("SELECT * FROM entry WHERE id = ?1")?;
    ids.iter().map(|id| statement.query_row([id], line)).collect()
}

/// Passes the bodies of these rows to `each`, one by one.
pub fn bodies(
    connection: &Connection,
    ids: impl IntoIterator<Item = i64>,
    mut each: impl FnMut(&str) -> Result<(), CacheError>,
) -> Result<(), CacheError> {
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

/// Counts the posts that match a query by the month of their last change and by status: published, draft, other.
/// `starts` are the first seconds of the months.
pub fn months(
    connection: &Connection,
    range: (i64, i64),
    query: &PostQuery,
    starts: &[i64],
) -> rusqlite::Result<Vec<[u32; 3]>> {
    let mut counts = vec![[0; 3]; starts.len()];
    let (filters, values) = filters(range, query);
    let mut statement =
        connection.prepare_cached(&format!("SELECT last_update, status FROM entry WHERE {filters}"))?;
    let mut rows = statement.query(params_from_iter(values))?;
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

#[cfg(test)]
mod tests {
    use grapnel_model::content::Post;
    use proptest::prelude::*;

    use super::super::{Cache, Entry, ListKey, replace_list};
    use super::*;

    fn moment(second: Option<i64>) -> Option<Timestamp> {
        second.map(|second| Timestamp::from_second(second).unwrap())
    }

    prop_compose! {
        fn posts()(texts in "[ aBé]{0,4}", status in proptest::option::of("[ab]"),
        author in proptest::option::of("[ab]"),
            category in proptest::option::of("[ab]"), words in proptest::option::of(0..4_u32),
            updated in proptest::option::of(0..4_i64), published in proptest::option::of(0..4_i64)) -> Post {
            Post { id: "1".into(), title: texts, slug: None, status, author, category, word_count: words,
            created_on: None,
                last_update: moment(updated), post_publish: moment(published), others: Vec::new() }
        }
    }

    prop_compose! {
        fn queries()(title in proptest::option::of("[ Abé]{0,2}"), status in proptest::option::of("[ ab]"),
            author in proptest::option::of("[ab]"), category in proptest::option::of("[ab]"),
            words in proptest::array::uniform2(proptest::option::of(0..4_u32)),
            moments in proptest::array::uniform4(proptest::option::of(0..4_i64))) -> PostQuery {
            let [updated_from, updated_to, published_from, published_to] = moments.map(moment);
            PostQuery { title, status, author, category, words_from: words[0], words_to: words[1], updated_from,
                updated_to, published_from, published_to, ..PostQuery::default() }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn sql_selects_what_the_query_matches(
            all in proptest::collection::vec(posts(), 1..12),
            queries in proptest::collection::vec(queries(), 24),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let home = tempfile::tempdir().unwrap();
            let cache = Cache::in_home(home.path());
            let list = ListKey { connection_id: "c".into(), kind: "posts".into(), within: "p".into(),
            narrowed: String::new() };
            let entries: Vec<Entry> = all.iter().cloned().map(entry).collect();
            let bodies: Vec<String> = (0..all.len()).map(|index| index.to_string()).collect();
            runtime.block_on(cache.write(move |tx| {
                let read = |body: &String| entries.get(body.parse::<usize>().unwrap()).cloned();
                Ok(replace_list(tx, &list, Timestamp::UNIX_EPOCH, bodies.into_iter(), read)?)
            })).unwrap();
            let size = i64::try_from(all.len()).unwrap();
            let selected = runtime.block_on(cache.read(move |connection| {
                queries.into_iter().map(|query| Ok((select(connection, (1, size), &query)?,
                query))).collect::<Result<Vec<_>, CacheError>>()
            })).unwrap();
            for (ids, query) in selected {
                let matching: Vec<i64> = (1..).zip(&all).filter(|(_, post)| query.matches(post)).map(|(id, _)|
                id).collect();
                prop_assert_eq!(ids, matching, "{:?}", query);
            }
        }
    }

    fn entry(post: Post) -> Entry {
        Entry {
            key: post.id,
            title: post.title,
            status: post.status,
            author: post.author,
            category: post.category,
            word_count: post.word_count,
            last_update: post.last_update,
            post_publish: post.post_publish,
            ..Entry::default()
        }
    }
}
