//! Grigora's API v1, read tolerantly: a member that is missing or of another type costs that member only.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Account, Application, Authorization, Field, Order, Post, PostQuery, Project};

type Members = Map<String, Value>;

/// `GET /token/authorized_by`.
pub(super) fn account(reply: Value) -> Option<Account> {
    let mut members = object(reply)?;
    let id = id(&mut members)?;
    let names = [text(&mut members, "firstName"), text(&mut members, "lastName")];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(Account { id, name, email: text(&mut members, "email") })
}

/// `GET /token/introspect`.
pub(super) fn introspection(reply: Value) -> Option<(Option<Application>, Authorization)> {
    let mut reply = object(reply)?;
    let mut members = object(reply.remove("authorization")?)?;
    let authorized_to = members.remove("authorizedTo").and_then(object).unwrap_or_default();
    let authorization = Authorization {
        id: id(&mut members)?,
        created_on: text(&mut members, "createdOn"),
        grant_type: text(&mut members, "grantType"),
        scopes: scopes(members.get("scope")),
        project_ids: ids(authorized_to.get("projectIds")),
    };
    let application = reply.remove("application").and_then(object).and_then(|mut members| {
        Some(Application {
            id: id(&mut members)?,
            display_name: text(&mut members, "displayName").unwrap_or_default(),
            description: text(&mut members, "description"),
            homepage: text(&mut members, "homepage"),
        })
    });
    Some((application, authorization))
}

/// `GET /project/list`. A project without an id cannot be opened, and is left out.
pub(super) fn projects(reply: Value) -> Option<Vec<Project>> {
    match object(reply)?.remove("projects")? {
        Value::Array(items) => Some(items.into_iter().filter_map(project).collect()),
        _ => None,
    }
}

/// `POST /project/details`, or one of the list. The page does not say whether details are wrapped; both are read.
pub(super) fn project(reply: Value) -> Option<Project> {
    let mut members = object(reply)?;
    if !members.contains_key("id") {
        members = ["project", "data"].iter().find_map(|wrap| members.remove(*wrap).and_then(object))?;
    }
    Some(Project {
        id: id(&mut members)?,
        name: text(&mut members, "name").unwrap_or_default(),
        domain: text(&mut members, "domain"),
        slug: text(&mut members, "slug"),
        others: others(members),
    })
}

/// The body of `POST /cms/post/list`. Descending is `dsc` on the provider's page.
pub(super) fn post_query(query: &PostQuery) -> Value {
    let mut filters = Members::new();
    let mut filter = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            filters.insert(name.to_owned(), value);
        }
    };
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty()).map(Value::from);
    filter("status", filled(&query.status));
    filter("title", filled(&query.title));
    filter("last_update", range(query.updated_from, query.updated_to));
    filter("post_publish", range(query.published_from, query.published_to));
    let mut body = json!({ "project_id": query.project_id });
    if !filters.is_empty() {
        body["filters"] = filters.into();
    }
    if let Some(sort) = filled(&query.sort) {
        body["sort"] = sort;
    }
    if let Some(order) = query.order {
        body["order"] = match order {
            Order::Asc => "asc".into(),
            Order::Desc => "dsc".into(),
        };
    }
    body
}

fn range(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<Value> {
    let mut range = Members::new();
    if let Some(from) = from {
        range.insert("from".into(), from.as_second().into());
    }
    if let Some(to) = to {
        range.insert("to".into(), to.as_second().into());
    }
    (!range.is_empty()).then_some(Value::Object(range))
}

/// `POST /cms/post/list`.
pub(super) fn posts(reply: Value) -> Option<Vec<Post>> {
    match object(reply)?.remove("data")? {
        Value::Array(items) => Some(items.into_iter().filter_map(post).collect()),
        _ => None,
    }
}

fn post(item: Value) -> Option<Post> {
    let mut members = object(item)?;
    Some(Post {
        id: id(&mut members)?,
        title: text(&mut members, "title").unwrap_or_default(),
        slug: text(&mut members, "slug"),
        status: text(&mut members, "status"),
        author: text(&mut members, "author"),
        category: text(&mut members, "category"),
        word_count: take(&mut members, "word_count", count),
        created_on: take(&mut members, "created_on", moment),
        last_update: take(&mut members, "last_update", moment),
        others: others(members),
    })
}

fn object(value: Value) -> Option<Members> {
    if let Value::Object(members) = value { Some(members) } else { None }
}

/// Takes a member out if it can be read, and leaves it among the others if not.
fn take<T>(members: &mut Members, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let read = read(members.get(name)?)?;
    members.remove(name);
    Some(read)
}

fn text(members: &mut Members, name: &str) -> Option<String> {
    take(members, name, |value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
}

/// An id is text here, and may come as a number.
fn id(members: &mut Members) -> Option<String> {
    take(members, "id", |value| match value {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

fn count(value: &Value) -> Option<u32> {
    let count = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    count.try_into().ok()
}

fn ids(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(|id| id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string())))
        .collect()
}

fn scopes(value: Option<&Value>) -> Vec<String> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    text.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// A moment: RFC 3339, a date, or Unix time in seconds or milliseconds. The page names filters in Unix time
/// and shows another endpoint's time as RFC 3339; what posts carry is not said.
fn moment(value: &Value) -> Option<Timestamp> {
    /// The year 5138 in seconds; in milliseconds, 1973.
    const MILLISECONDS_FROM: u64 = 100_000_000_000;
    if let Some(number) = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok()) {
        let read = if number.unsigned_abs() < MILLISECONDS_FROM {
            Timestamp::from_second
        } else {
            Timestamp::from_millisecond
        };
        return read(number).ok();
    }
    let text = value.as_str()?.trim();
    let civil = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    text.parse().ok().or_else(|| civil().map(|zoned| zoned.timestamp()))
}

/// What was not read by name, to be shown as it came.
fn others(members: Members) -> Vec<Field> {
    let readable = |value: Value| if let Value::String(text) = value { text } else { value.to_string() };
    members.into_iter().map(|(name, value)| Field { name, value: readable(value) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the provider's pages.
    #[test]
    fn the_pages_examples_are_read() {
        let account = account(
            json!({ "id": "user-uuid-from-cognito", "email": "user@example.com", "firstName": "Jane", "lastName": "Doe" }),
        );
        let introspection = introspection(json!({
            "authorization": {
                "id": "123", "createdOn": "2025-02-20T10:00:00.000Z", "grantType": "authorization_code",
                "scope": "cms:post:read directory:items:read", "userId": "user-uuid",
                "authorizedTo": { "projectIds": ["proj_abc123", "proj_def456"] }
            },
            "application": { "id": "42", "description": "My integration", "homepage": "https://myapp.com", "displayName": "My App" }
        }));
        let projects = projects(json!({ "projects": [
            { "id": "proj_abc123", "name": "My Site", "domain": "mysite.com", "slug": "my-site" },
            { "id": "proj_def456", "name": "Other Site", "slug": "other-site" }
        ] }));
        insta::assert_json_snapshot!((account, introspection, projects));
    }

    #[test]
    fn a_post_keeps_what_has_no_name_here() {
        let posts = posts(json!({ "success": true, "data": [
            { "id": 7, "title": "One", "slug": "one", "status": "draft", "author": { "name": "Ann" }, "created_on": 1_700_000_000,
              "last_update": "2025-02-20T10:00:00.000Z", "word_count": "120", "category": null, "featured": true },
            { "title": "without an id" }
        ] }));
        insta::assert_json_snapshot!(posts);
    }

    #[test]
    fn the_query_is_as_the_page_has_it() {
        let query = PostQuery {
            project_id: "proj_abc123".into(),
            sort: Some("last_update".into()),
            order: Some(Order::Desc),
            status: Some("published".into()),
            title: Some(" ".into()),
            updated_from: Some(Timestamp::from_second(1_700_000_000).unwrap()),
            ..PostQuery::default()
        };
        insta::assert_json_snapshot!(post_query(&query));
        insta::assert_json_snapshot!(post_query(&PostQuery {
            project_id: "p".into(),
            ..PostQuery::default()
        }));
    }

    #[test]
    fn moments_come_in_many_ways() {
        let same = [
            json!(1_740_045_600),
            json!(1_740_045_600_000_i64),
            json!("1740045600"),
            json!("2025-02-20T10:00:00Z"),
            json!("2025-02-20T10:00:00"),
        ];
        for value in same {
            assert_eq!(moment(&value).map(Timestamp::as_second), Some(1_740_045_600), "{value}");
        }
        assert!(moment(&json!("2025-02-20")).is_some());
        assert_eq!(moment(&json!("yesterday")), None);
    }

    proptest::proptest! {
        #[test]
        fn any_number_may_be_a_moment(number: i64) {
            let _ = moment(&json!(number));
        }
    }
}
