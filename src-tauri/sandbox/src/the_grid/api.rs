//! The API: who the token is from, their sites and their items.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::world::{Item, World};
use crate::bearer::{Unauthorized, grant_of, note_body, query_of};
use crate::departures::{Kind, Notes};
use crate::faults::{Endpoint, play};
use crate::grants::Grant;
use crate::params::Params;
use crate::provider::Provider;
use crate::refusal::{Refusal, reply};
use crate::the_grid::state::TheGrid;
use crate::world::USERS;

/// A page of items is smaller than this.
const LIMIT: usize = 50;
/// Without `limit`. Assumed.
const USUAL: usize = 20;

pub(super) fn router(the_grid: Arc<TheGrid>) -> Router<Arc<Provider>> {
    Router::new()
        .route("/user", get(user))
        .route("/site", get(sites))
        .route("/item", get(items))
        .layer(from_fn_with_state(Arc::clone(&the_grid), faulty))
        .with_state(the_grid)
}

async fn faulty(State(the_grid): State<Arc<TheGrid>>, request: Request, next: Next) -> Response {
    let provider = &the_grid.provider;
    play(provider.next_fault(Endpoint::Api), provider, next.run(request)).await
}

/// A request with a good token. That no call needs a scope is assumed.
struct Caller {
    grant: Grant,
    the_grid: Arc<TheGrid>,
    query: Params,
    endpoint: String,
}

impl FromRequestParts<Arc<TheGrid>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, the_grid: &Arc<TheGrid>) -> Result<Self, Refusal> {
        let endpoint = format!("{} {}", parts.method, parts.uri.path());
        let notes = the_grid.provider.notes(endpoint.clone());
        let known: &[&str] =
            if parts.uri.path() == "/item" { &["offset", "limit", "site", "published"] } else { &[] };
        let query = query_of(parts, known, &notes);
        note_body(&parts.headers, &notes);
        let grant = grant_of(&the_grid.provider, &parts.headers, &notes).map_err(|why| match why {
            Unauthorized::NoToken(why) => Refusal::bearer("unauthorized", why),
            Unauthorized::BadToken => Refusal::bearer("invalid_token", "the access token is not good"),
        })?;
        Ok(Self { grant, the_grid: Arc::clone(the_grid), query, endpoint })
    }
}

/// Some have a `uuid` where others have an `id`, and not everyone has an email.
async fn user(caller: Caller) -> Response {
    let granted = &caller.grant.authorization;
    let Some((n, user)) = USERS.iter().enumerate().find(|(_, user)| user.id == granted.user_id) else {
        return Refusal::bearer("invalid_token", "the person behind the token is gone").into_response();
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
    reply(StatusCode::OK, &body)
}

async fn sites(_: Caller) -> Response {
    reply(StatusCode::OK, &World::sites())
}

async fn items(caller: Caller) -> Result<Response, Refusal> {
    let notes = caller.the_grid.provider.notes(caller.endpoint.clone());
    let query = &caller.query;
    let offset = number(query, "offset", &notes)?.unwrap_or_default();
    let limit = number(query, "limit", &notes)?.unwrap_or(USUAL);
    if limit == 0 || limit >= LIMIT {
        return Err(wrong("limit", "must be under 50", &notes));
    }
    let published = match query.get("published") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(wrong("published", "is true or false", &notes)),
    };
    let site = query.get("site");
    if site.is_some_and(|id| !World::has_site(id)) {
        return Err(wrong("site", "names no site", &notes));
    }
    let chosen = |item: &&Item| {
        site.is_none_or(|id| item.site == id) && published.is_none_or(|published| item.published == published)
    };
    let page: Vec<_> = caller.the_grid.world.items().iter().filter(chosen).skip(offset).take(limit).collect();
    Ok(reply(StatusCode::OK, &page))
}

fn number(query: &Params, name: &'static str, notes: &Notes<'_>) -> Result<Option<usize>, Refusal> {
    query.get(name).map(|text| text.parse().map_err(|_| wrong(name, "must be a number", notes))).transpose()
}

fn wrong(name: &'static str, why: &str, notes: &Notes<'_>) -> Refusal {
    notes.add(Kind::WrongValue, name);
    Refusal::invalid_request(format!("{name} {why}"))
}
