//! Grigora's API v1: account, authorization, projects and posts.

use grapnel_model::account::{Account, Application, Authorization};
use grapnel_model::content::{Order, Post, PostQuery, Project, filled};
use grapnel_model::error::Result;
use grapnel_oauth::http::{Limits, holds_more_than};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::api::Api;
use super::lenient_json::{Members, count, id, ids, list, moment, object, others, scopes, take, text};

/// The account that authorized the connection.
pub(super) async fn fetch_account(api: &Api<'_>) -> Result<Account> {
    api.understand(account(api.get("token/authorized_by", Limits::IDENTITY).await?))
}

/// The current authorization.
pub(super) async fn introspect(api: &Api<'_>) -> Result<(Option<Application>, Authorization)> {
    api.understand(introspection(api.get("token/introspect", Limits::IDENTITY).await?))
}

/// `GET /token/authorized_by`.
fn account(reply: Value) -> Option<Account> {
    let mut members = object(reply)?;
    let id = id(&mut members)?;
    let names = [text(&mut members, "firstName"), text(&mut members, "lastName")];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(Account { id, name, email: text(&mut members, "email"), issuer: None, username: None })
}

/// `GET /token/introspect`.
fn introspection(reply: Value) -> Option<(Option<Application>, Authorization)> {
    let mut reply = object(reply)?;
    let mut members = object(reply.remove("authorization")?)?;
    let authorized_to = members.remove("authorizedTo").and_then(object).unwrap_or_default();
    let authorization = Authorization {
        id: id(&mut members)?,
        is_active: true,
        client_id: None,
        username: None,
        sub: None,
        created_on: text(&mut members, "createdOn"),
        expires_at: None,
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

/// `GET /project/list`. A project without an ID cannot be opened and is left out.
pub(super) fn projects(reply: Value) -> Option<Vec<Project>> {
    list(object(reply)?.remove("projects")?, project)
}

/// `POST /project/details`, or an entry of the list. The documentation does not say whether details are wrapped; both
/// forms are read.
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
        posts: None,
        others: others(members),
    })
}

/// The body of `POST /cms/post/list`. The documentation spells descending as `dsc`.
pub(super) fn post_query(query: &PostQuery) -> Value {
    let mut filters = Members::new();
    let mut filter = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            filters.insert(name.to_owned(), value);
        }
    };
    filter("status", filled(&query.status).map(Value::from));
    filter("title", filled(&query.title).map(Value::from));
    filter("last_update", range(query.updated_from, query.updated_to));
    filter("post_publish", range(query.published_from, query.published_to));
    let mut body = json!({ "project_id": query.project_id });
    if !filters.is_empty() {
        body["filters"] = filters.into();
    }
    if let Some(sort) = filled(&query.sort) {
        body["sort"] = sort.into();
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

/// A query's filters that the provider applies, as a key; empty for none.
pub(super) fn narrowing(query: &PostQuery) -> String {
    post_query(query).get("filters").map(Value::to_string).unwrap_or_default()
}

/// Why a response of `POST /cms/post/list` has no posts.
#[derive(Debug)]
pub(super) enum PostListError {
    /// It is not JSON.
    NotJson,
    /// It is JSON, but not as documented.
    NotAsDescribed,
    /// It reports a failure of the API, and why.
    Failed(Option<Value>),
}

/// The posts in a response of `POST /cms/post/list`, unparsed.
pub(super) fn listed(reply: &[u8]) -> Result<Vec<&RawValue>, PostListError> {
    #[derive(Deserialize)]
    struct Listed<'a> {
        success: Option<Value>,
        message: Option<Value>,
        #[serde(borrow)]
        data: Option<Vec<&'a RawValue>>,
    }
    let listed: Listed<'_> = serde_json::from_slice(reply).map_err(|error| {
        if error.is_data() { PostListError::NotAsDescribed } else { PostListError::NotJson }
    })?;
    if listed.success == Some(Value::Bool(false)) {
        return Err(PostListError::Failed(listed.message));
    }
    listed.data.ok_or(PostListError::NotAsDescribed)
}

/// The most values in a post. Parsing one must not need more memory than the whole list may.
const MAX_VALUES_OF_POST: usize = 10_000;

/// A post of the list. One without an ID, or with too many values, is left out.
pub(super) fn post(raw: &str) -> Option<Post> {
    if holds_more_than(MAX_VALUES_OF_POST, raw) {
        return None;
    }
    let mut members: Members = serde_json::from_str(raw).ok()?;
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
        post_publish: take(&mut members, "post_publish", moment),
        others: others(members),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the provider's documentation.
    #[test]
    fn the_documented_examples_are_parsed() {
        let account = account(
            json!({ "id": "user-uuid-from-cognito", "email": "user@example.com", "firstName": "Jane",
            "lastName": "Doe" }),
        );
        let introspection = introspection(json!({
            "authorization": {
                "id": "123", "createdOn": "2025-02-20T10:00:00.000Z", "grantType": "authorization_code",
                "scope": "cms:post:read directory:items:read", "userId": "user-uuid",
                "authorizedTo": { "projectIds": ["proj_abc123", "proj_def456"] }
            },
            "application": { "id": "42", "description": "My integration", "homepage": "https://myapp.com",
            "displayName": "My App" }
        }));
        let projects = projects(json!({ "projects": [
            { "id": "proj_abc123", "name": "My Site", "domain": "mysite.com", "slug": "my-site" },
            { "id": "proj_def456", "name": "Other Site", "slug": "other-site" }
        ] }));
        insta::assert_json_snapshot!((account, introspection, projects));
    }

    #[test]
    fn a_post_keeps_unknown_members() {
        let reply = json!({ "success": true, "data": [
            { "id": 7, "title": "One", "slug": "one", "status": "draft", "author": { "name": "Ann" },
              "created_on": 1_700_000_000, "last_update": "2025-02-20T10:00:00.000Z", "word_count": "120",
              "category": null, "featured": true },
            { "title": "without an id" }
        ] })
        .to_string();
        let posts: Vec<Post> =
            listed(reply.as_bytes()).unwrap().iter().filter_map(|raw| post(raw.get())).collect();
        insta::assert_json_snapshot!(posts);
    }

    #[test]
    fn the_query_matches_the_documentation() {
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
}
