//! `project/list` and `project/details`.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use crate::body::read_json;
use crate::reply::{ErrorReply, json_reply};
use crate::sample_data::Project;

pub(super) async fn list(caller: Caller) -> Response {
    let opened = &caller.grant.authorization.project_ids;
    let all = caller.grigora.data.projects().iter();
    let projects: Vec<_> =
        all.filter(|project| opened.iter().any(|id| id == project.id)).map(summary).collect();
    json_reply(StatusCode::OK, &json!({ "projects": projects }))
}

pub(super) async fn details(caller: Caller, headers: HeaderMap, body: Body) -> Result<Response, ErrorReply> {
    let log = caller.departure_log();
    let body = read_json(&headers, body, &log).await?;
    log.unknown(body.0.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "project_id"));
    let project = caller.project(&body)?;
    let mut full = summary(project);
    full.extend(project.details.clone());
    Ok(json_reply(StatusCode::OK, &full))
}

/// The members of the project list. `domain` is absent for a project without one, as documented.
fn summary(project: &Project) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("id".to_owned(), json!(project.id));
    members.insert("name".to_owned(), json!(project.name));
    if let Some(domain) = project.domain {
        members.insert("domain".to_owned(), json!(domain));
    }
    members.insert("slug".to_owned(), json!(project.slug));
    members
}
