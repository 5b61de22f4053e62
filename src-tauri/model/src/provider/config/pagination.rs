//! How an API splits a long list into pages, as a profile's value says it: `link`, `cursor:PARAMETER:POINTER`,
//! `page:PARAMETER` or `offset:PARAMETER:LIMIT_PARAMETER:SIZE`.

use serde_json::Value;
use url::Url;

use crate::error::{Error, Result};

/// How an API splits a long list into pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pagination {
    /// The response names the next page in a `Link` header with `rel="next"` (RFC 8288).
    Link,
    /// The response body holds a cursor, which the next request sends back.
    Cursor {
        /// The query parameter that carries the cursor.
        parameter: String,
        /// Where the body has the cursor (a JSON pointer, RFC 6901). On the last page it is absent, null or empty.
        pointer: String,
    },
    /// Pages are numbered from 1. The last one is followed by an empty one.
    Page {
        /// The query parameter that carries the number.
        parameter: String,
    },
    /// A page begins at an offset. The last one is shorter than the limit.
    Offset {
        /// The query parameter that carries the offset.
        parameter: String,
        /// The query parameter that carries the limit.
        limit_parameter: String,
        /// How many items a page has.
        limit: usize,
    },
}

impl Pagination {
    /// Parses a profile's value.
    pub(in crate::provider) fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let is_named = parts.iter().skip(1).all(|part| !part.is_empty());
        let parsed = match parts[..] {
            ["link"] => Some(Self::Link),
            ["cursor", parameter, pointer] if pointer.starts_with('/') => {
                Some(Self::Cursor { parameter: parameter.into(), pointer: pointer.into() })
            }
            ["page", parameter] => Some(Self::Page { parameter: parameter.into() }),
            ["offset", parameter, limit_parameter, limit] => {
                limit.parse().ok().filter(|limit| *limit > 0).map(|limit| Self::Offset {
                    parameter: parameter.into(),
                    limit_parameter: limit_parameter.into(),
                    limit,
                })
            }
            _ => None,
        };
        parsed.filter(|_| is_named).ok_or_else(|| {
            Error::input("pagination", format!("“{text}” is not a way to split a list into pages.")).hint(
                "It can be: link, cursor:PARAMETER:/POINTER, page:PARAMETER, offset:PARAMETER:LIMIT_PARAMETER:SIZE.",
            )
        })
    }

    /// The URL of the first page.
    pub fn first(&self, mut url: Url) -> Url {
        match self {
            Self::Link | Self::Cursor { .. } => {}
            Self::Page { parameter } => set_default(&mut url, parameter, "1"),
            Self::Offset { parameter, limit_parameter, limit } => {
                set_default(&mut url, parameter, "0");
                set_default(&mut url, limit_parameter, &limit.to_string());
            }
        }
        url
    }

    /// The URL of the page after `url`, whose response had these `Link` headers and this body; `None` after the last
    /// one. A URL of another origin is the caller's to refuse.
    pub fn next<'h>(&self, url: &Url, links: impl IntoIterator<Item = &'h str>, body: &Value) -> Option<Url> {
        let mut next = url.clone();
        match self {
            Self::Link => return links.into_iter().find_map(next_link).and_then(|link| url.join(link).ok()),
            Self::Cursor { parameter, pointer } => match body.pointer(pointer)? {
                Value::String(cursor) if !cursor.is_empty() => set(&mut next, parameter, cursor),
                Value::Number(cursor) => set(&mut next, parameter, &cursor.to_string()),
                _ => return None,
            },
            Self::Page { parameter } => {
                let number: usize = query(url, parameter)?.parse().ok()?;
                (length(body) > 0).then_some(())?;
                set(&mut next, parameter, &number.checked_add(1)?.to_string());
            }
            Self::Offset { parameter, limit_parameter, .. } => {
                let offset: usize = query(url, parameter)?.parse().ok()?;
                let limit: usize = query(url, limit_parameter)?.parse().ok()?;
                let received = length(body);
                (received > 0 && received >= limit).then_some(())?;
                set(&mut next, parameter, &offset.checked_add(received)?.to_string());
            }
        }
        (next != *url).then_some(next)
    }
}

/// The number of items on a page: of the array itself, or of the only array in the object.
fn length(body: &Value) -> usize {
    match body {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.values().find_map(Value::as_array).map_or(0, Vec::len),
        _ => 0,
    }
}

/// The target of a `Link` header's `rel="next"`.
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, from)) = rest.split_once('<') {
        let (target, after) = from.split_once('>')?;
        let parameters =
            after.split_once(",<").or_else(|| after.split_once(", <")).map_or(after, |(own, _)| own);
        let is_next =
            parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
                let mut relations =
                    value.trim().trim_end_matches(',').trim_matches('"').split_ascii_whitespace();
                name.trim().eq_ignore_ascii_case("rel")
                    && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
            });
        if is_next {
            return Some(target);
        }
        rest = after;
    }
    None
}

fn query(url: &Url, parameter: &str) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == parameter).map(|(_, value)| value.into_owned())
}

fn set_default(url: &mut Url, parameter: &str, value: &str) {
    if query(url, parameter).is_none() {
        url.query_pairs_mut().append_pair(parameter, value);
    }
}

fn set(url: &mut Url, parameter: &str, value: &str) {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != parameter)
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(parameter, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pages(value: &str, responses: &[(&str, Value)]) -> Vec<String> {
        let pagination = Pagination::parse(value).unwrap();
        let mut url = pagination.first(Url::parse("https://api.example/v1/items?site=7").unwrap());
        let mut asked = vec![url.to_string()];
        for (link, body) in responses {
            let Some(next) = pagination.next(&url, (!link.is_empty()).then_some(*link), body) else { break };
            asked.push(next.to_string());
            url = next;
        }
        asked
    }

    #[test]
    fn pages_are_followed_to_the_last() {
        let link = r#"<https://api.example/v1/items?p=1>; rel="prev", </v1/items?p=3>; title="a, b"; rel="last next""#;
        assert_eq!(
            pages("link", &[(link, json!([])), ("<x>; rel=prev", json!([1]))]),
            ["https://api.example/v1/items?site=7", "https://api.example/v1/items?p=3"]
        );
        assert_eq!(
            pages(
                "cursor:after:/meta/next",
                &[
                    ("", json!({"meta": {"next": "a b"}})),
                    ("", json!({"meta": {"next": 5}})),
                    ("", json!({"meta": {"next": null}})),
                ]
            ),
            [
                "https://api.example/v1/items?site=7",
                "https://api.example/v1/items?site=7&after=a+b",
                "https://api.example/v1/items?site=7&after=5"
            ]
        );
        assert_eq!(
            pages("page:p", &[("", json!({"items": [1]})), ("", json!({"items": []}))]),
            ["https://api.example/v1/items?site=7&p=1", "https://api.example/v1/items?site=7&p=2"]
        );
        assert_eq!(
            pages("offset:offset:limit:2", &[("", json!([1, 2])), ("", json!([3]))]),
            [
                "https://api.example/v1/items?site=7&offset=0&limit=2",
                "https://api.example/v1/items?site=7&limit=2&offset=2"
            ]
        );
    }

    #[test]
    fn an_unchanged_cursor_ends_the_list() {
        let same = json!({"next": "x"});
        assert_eq!(pages("cursor:c:/next", &[("", same.clone()), ("", same)]).len(), 2);
    }

    #[test]
    fn an_invalid_pagination_value_is_refused() {
        for wrong in
            ["", "link:x", "cursor:c", "cursor:c:next", "page:", "offset:o:l:0", "offset:o:l:x", "pages"]
        {
            let error = Pagination::parse(wrong).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("pagination"), "{wrong}");
        }
    }
}
