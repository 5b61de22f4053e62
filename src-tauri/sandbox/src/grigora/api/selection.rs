//! The `filters`, `sort` and `order` of a post list request.

use serde_json::{Map, Value};

use crate::body::Members;
use crate::departures::{DepartureKind, DepartureLog};
use crate::reply::ErrorReply;
use crate::sample_data::{Moment, Post};

const KNOWN: [&str; 4] = ["project_id", "filters", "sort", "order"];
const FILTERS: [&str; 4] = ["status", "title", "last_update", "post_publish"];
const RANGE: [&str; 2] = ["from", "to"];

/// The requested filters and order.
pub(super) struct Selection {
    status: Option<String>,
    /// In lower case.
    title: Option<String>,
    last_update: Range,
    post_publish: Range,
    sort: Option<Sort>,
    descending: bool,
}

/// Unix timestamps, inclusive (assumed).
#[derive(Clone, Copy, Default)]
struct Range {
    from: Option<i64>,
    to: Option<i64>,
}

/// Sorting by `last_update` is documented; by the other fields it is assumed.
#[derive(Clone, Copy)]
enum Sort {
    Text(fn(&Post) -> Option<&str>),
    Number(fn(&Post) -> Option<i64>),
}

impl Selection {
    pub(super) fn read(body: &Members, log: &DepartureLog<'_>) -> Result<Self, ErrorReply> {
        log.unknown(body.0.iter().map(|(name, _)| name.as_str()).filter(|name| !KNOWN.contains(name)));
        let none = Map::new();
        let filters = match body.get("filters") {
            None | Some(Value::Null) => &none,
            Some(Value::Object(filters)) => filters,
            Some(_) => return Err(wrong("filters", "must be an object", log)),
        };
        log.unknown(filters.keys().map(String::as_str).filter(|name| !FILTERS.contains(name)));
        Ok(Self {
            status: text(filters.get("status"), "status", log)?.map(str::to_owned),
            title: text(filters.get("title"), "title", log)?.map(str::to_lowercase),
            last_update: range(filters.get("last_update"), "last_update", log)?,
            post_publish: range(filters.get("post_publish"), "post_publish", log)?,
            sort: text(body.get("sort"), "sort", log)?.map(|name| sort(name, log)).transpose()?,
            descending: match text(body.get("order"), "order", log)? {
                None | Some("asc") => false,
                Some("dsc") => true,
                Some(_) => return Err(wrong("order", "is asc or dsc", log)),
            },
        })
    }

    pub(super) fn of<'p>(&self, posts: &'p [Post]) -> Vec<&'p Post> {
        let chosen: Vec<&Post> = posts.iter().filter(|post| self.admits(post)).collect();
        match self.sort {
            // Assumed: newest first.
            None => chosen,
            Some(Sort::Number(key)) => arrange(chosen, self.descending, key),
            Some(Sort::Text(key)) => {
                arrange(chosen, self.descending, |post| key(post).map(str::to_lowercase))
            }
        }
    }

    fn admits(&self, post: &Post) -> bool {
        self.status.as_ref().is_none_or(|status| post.status == status)
            && self.title.as_ref().is_none_or(|part| post.title.to_lowercase().contains(part))
            && self.last_update.holds(Some(post.last_update))
            && self.post_publish.holds(post.post_publish)
    }
}

/// Sorted by `key`; posts without one come last in either order (assumed).
fn arrange<'p, K: Ord>(
    posts: Vec<&'p Post>,
    descending: bool,
    key: impl Fn(&'p Post) -> Option<K>,
) -> Vec<&'p Post> {
    let (mut sorted, without): (Vec<_>, Vec<_>) = posts.into_iter().partition(|post| key(post).is_some());
    sorted.sort_by_cached_key(|post| key(post));
    if descending {
        sorted.reverse();
    }
    sorted.extend(without);
    sorted
}

impl Range {
    fn holds(self, moment: Option<Moment>) -> bool {
        let Some(Moment { seconds, .. }) = moment else { return self.from.is_none() && self.to.is_none() };
        self.from.is_none_or(|from| from <= seconds) && self.to.is_none_or(|to| seconds <= to)
    }
}

fn sort(name: &str, log: &DepartureLog<'_>) -> Result<Sort, ErrorReply> {
    Ok(match name {
        "title" => Sort::Text(|post| Some(&post.title)),
        "slug" => Sort::Text(|post| Some(&post.slug)),
        "status" => Sort::Text(|post| Some(post.status)),
        "author" => Sort::Text(|post| post.author),
        "category" => Sort::Text(|post| post.category),
        "created_on" => Sort::Number(|post| Some(post.created_on.seconds)),
        "last_update" => Sort::Number(|post| Some(post.last_update.seconds)),
        "post_publish" => Sort::Number(|post| post.post_publish.map(|moment| moment.seconds)),
        "word_count" => Sort::Number(|post| post.word_count.map(i64::from)),
        _ => return Err(wrong("sort", "names no field to sort by", log)),
    })
}

fn range(value: Option<&Value>, name: &'static str, log: &DepartureLog<'_>) -> Result<Range, ErrorReply> {
    let members = match value {
        None | Some(Value::Null) => return Ok(Range::default()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(wrong(name, "must be an object with from and to", log)),
    };
    log.unknown(members.keys().map(String::as_str).filter(|name| !RANGE.contains(name)));
    let end = |end: &str| match members.get(end) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong(name, "takes Unix timestamps", log)),
    };
    Ok(Range { from: end("from")?, to: end("to")? })
}

fn text<'v>(
    value: Option<&'v Value>,
    name: &'static str,
    log: &DepartureLog<'_>,
) -> Result<Option<&'v str>, ErrorReply> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(name, "must be a string", log)),
    }
}

fn wrong(name: &'static str, why: &str, log: &DepartureLog<'_>) -> ErrorReply {
    log.add(DepartureKind::WrongValue, name);
    ErrorReply::invalid_request(format!("{name} {why}"))
}
