//! The API: a user with their organizations, and one call that requires an organization.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;

use super::{envelope, sample_data};
use crate::bearer::{Unauthorized, bearer_grant, log_unexpected_body, read_query};
use crate::departures::DepartureKind;
use crate::faults::{Endpoint, apply_fault};
use crate::grovestreams::state::GroveStreams;
use crate::provider::Provider;

pub(super) fn router(grovestreams: Arc<GroveStreams>) -> Router<Arc<Provider>> {
    Router::new()
        .route("/api/user/{uid}", get(user))
        // One of many such calls; the form of the list is assumed.
        .route("/api/component", get(components))
        .layer(from_fn_with_state(Arc::clone(&grovestreams), inject_api_fault))
        .with_state(grovestreams)
}

async fn inject_api_fault(
    State(grovestreams): State<Arc<GroveStreams>>,
    request: Request,
    next: Next,
) -> Response {
    let provider = &grovestreams.provider;
    apply_fault(provider.next_fault(Endpoint::Api), provider, next.run(request)).await
}

/// An authenticated API request.
struct Caller {
    user_uid: String,
    org: Option<String>,
    grovestreams: Arc<GroveStreams>,
    endpoint: &'static str,
}

impl FromRequestParts<Arc<GroveStreams>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        grovestreams: &Arc<GroveStreams>,
    ) -> Result<Self, Response> {
        let components = parts.uri.path() == "/api/component";
        let endpoint = if components { "GET /api/component" } else { "GET /api/user" };
        let log = grovestreams.provider.departure_log(endpoint);
        let query = read_query(parts, &["org"], &log);
        log_unexpected_body(&parts.headers, &log);
        // Assumed: an invalid token gets status 200 like any failure.
        let grant = bearer_grant(&grovestreams.provider, &parts.headers, &log).map_err(|why| match why {
            Unauthorized::NoToken(_) => envelope::failed("You are not signed in."),
            Unauthorized::BadToken => envelope::failed("Your session has expired."),
        })?;
        let org = query.get("org").map(str::to_owned).or_else(|| cookie(&parts.headers, "org"));
        Ok(Self {
            user_uid: grant.authorization.user_id,
            org,
            grovestreams: Arc::clone(grovestreams),
            endpoint,
        })
    }
}

/// A user sees only their own account (assumed).
async fn user(Path(uid): Path<String>, caller: Caller) -> Response {
    match sample_data::user(&uid).filter(|_| uid == caller.user_uid) {
        Some(user) => envelope::succeeded("user", &user),
        None => envelope::failed("There is no such user, or you may not see them."),
    }
}

async fn components(caller: Caller) -> Response {
    let log = caller.grovestreams.provider.departure_log(caller.endpoint);
    let Some(org) = &caller.org else {
        log.add(DepartureKind::MissingParameter, "org");
        return envelope::failed("org is missing: send it as a parameter or as a cookie.");
    };
    let Some(components) = sample_data::components(org, &caller.user_uid) else {
        log.add(DepartureKind::ProjectNotAuthorized, "org");
        return envelope::failed("You do not belong to that organization.");
    };
    envelope::succeeded("component", &components)
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(n, _)| *n == name).map(|(_, value)| value.to_owned())
}
