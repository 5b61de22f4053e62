//! The API: the account of a token, its sites and items.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::sample_data::{Catalog, Item};
use crate::bearer::{Unauthorized, bearer_grant, log_unexpected_body, read_query};
use crate::departures::{DepartureKind, DepartureLog};
use crate::faults::{Endpoint, apply_fault};
use crate::grants::Grant;
use crate::params::Params;
use crate::provider::Provider;
use crate::reply::{ErrorReply, json_reply};
use crate::sample_data::USERS;
use crate::the_grid::state::TheGrid;

/// `limit` must be below this.
const PAGE_SIZE_LIMIT: usize = 50;
/// The default of `limit` (assumed).
const DEFAULT_PAGE_SIZE: usize = 20;

pub(super) fn router(the_grid: Arc<TheGrid>) -> Router<Arc<Provider>> {
    Router::new()
        .route("/user", get(user))
        .route("/site", get(sites))
        .route("/item", get(items))
        .layer(from_fn_with_state(Arc::clone(&the_grid), inject_api_fault))
        .with_state(the_grid)
}

async fn inject_api_fault(State(the_grid): State<Arc<TheGrid>>, request: Request, next: Next) -> Response {
    let provider = &the_grid.provider;
    apply_fault(provider.next_fault(Endpoint::Api), provider, next.run(request)).await
}

/// An authenticated API request. Assumed: no call needs a scope.
struct Caller {
    grant: Grant,
    the_grid: Arc<TheGrid>,
    query: Params,
    endpoint: String,
}

impl FromRequestParts<Arc<TheGrid>> for Caller {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, the_grid: &Arc<TheGrid>) -> Result<Self, ErrorReply> {
        let endpoint = format!("{} {}", parts.method, parts.uri.path());
        let log = the_grid.provider.departure_log(endpoint.clone());
        let known: &[&str] =
            if parts.uri.path() == "/item" { &["offset", "limit", "site", "published"] } else { &[] };
        let query = read_query(parts, known, &log);
        log_unexpected_body(&parts.headers, &log);
        let grant = bearer_grant(&the_grid.provider, &parts.headers, &log).map_err(|why| match why {
            Unauthorized::NoToken(why) => ErrorReply::bearer("unauthorized", why),
            Unauthorized::BadToken => ErrorReply::bearer("invalid_token", "the access token is not good"),
        })?;
        Ok(Self { grant, the_grid: Arc::clone(the_grid), query, endpoint })
    }
}

/// Some users have `uuid` instead of `id`, and some have no email.
async fn user(caller: Caller) -> Response {
    let granted = &caller.grant.authorization;
    let Some((n, user)) = USERS.iter().enumerate().find(|(_, user)| user.id == granted.user_id) else {
        return ErrorReply::bearer("invalid_token", "the person behind the token is gone").into_response();
    };
    let mut body = json!({
        (if n == 1 { "id" } else { "uuid" }): user.id,
        "name": format!("{} {}", user.first_name, user.last_name),
        "email": user.email,
        "avatar": format!("https://avatars.example/{}.png", &user.id[..8]),
        "scope": granted.scope.split_whitespace().collect::<Vec<_>>(),
        "plan": "founding-member",
    });
    if let (2, Value::Object(members)) = (n, &mut body) {
        members.remove("email");
    }
    json_reply(StatusCode::OK, &body)
}

async fn sites(_: Caller) -> Response {
    json_reply(StatusCode::OK, &Catalog::sites())
}

async fn items(caller: Caller) -> Result<Response, ErrorReply> {
    let log = caller.the_grid.provider.departure_log(caller.endpoint.clone());
    let query = &caller.query;
    let offset = number(query, "offset", &log)?.unwrap_or_default();
    let limit = number(query, "limit", &log)?.unwrap_or(DEFAULT_PAGE_SIZE);
    if limit == 0 || limit >= PAGE_SIZE_LIMIT {
        return Err(wrong("limit", "must be under 50", &log));
    }
    let published = match query.get("published") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(wrong("published", "is true or false", &log)),
    };
    let site = query.get("site");
    if site.is_some_and(|id| !Catalog::has_site(id)) {
        return Err(wrong("site", "names no site", &log));
    }
    let chosen = |item: &&Item| {
        site.is_none_or(|id| item.site == id) && published.is_none_or(|published| item.published == published)
    };
    let page: Vec<_> = caller.the_grid.data.items().iter().filter(chosen).skip(offset).take(limit).collect();
    Ok(json_reply(StatusCode::OK, &page))
}

fn number(query: &Params, name: &'static str, log: &DepartureLog<'_>) -> Result<Option<usize>, ErrorReply> {
    query.get(name).map(|text| text.parse().map_err(|_| wrong(name, "must be a number", log))).transpose()
}

fn wrong(name: &'static str, why: &str, log: &DepartureLog<'_>) -> ErrorReply {
    log.add(DepartureKind::WrongValue, name);
    ErrorReply::invalid_request(format!("{name} {why}"))
}
