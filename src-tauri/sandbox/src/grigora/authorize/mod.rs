//! The authorization endpoint: the consent page, the person's answer to it, and the way back to the app.

mod page;
mod request;
mod tickets;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

pub(crate) use tickets::Tickets;

use super::{AUTHORIZE_PATH, Grigora};
use crate::body::content_type;
use crate::departures::{Kind, Notes};
use crate::grants::Authorization;
use crate::guard::is_from_elsewhere;
use crate::params::Params;
use crate::provider::{Consent, Provider};
use page::{CONSENT_PATH, STYLE_PATH};
use request::{AuthorizeRequest, Refused};

const FORM_LIMIT: usize = 64 * 1024;

pub(super) fn router(grigora: Arc<Grigora>) -> Router<Arc<Provider>> {
    Router::new()
        .route(AUTHORIZE_PATH, get(show))
        .route(CONSENT_PATH, post(decide))
        .route(STYLE_PATH, get(style))
        .with_state(grigora)
}

async fn show(State(grigora): State<Arc<Grigora>>, RawQuery(query): RawQuery) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    let notes = grigora.provider.notes(format!("GET {AUTHORIZE_PATH}"));
    let request = match AuthorizeRequest::read(&grigora, &params, &notes) {
        Ok(request) => request,
        Err(Refused::Page(why)) => return trouble(&why),
        Err(Refused::Redirect(to)) => return go(&to),
    };
    match grigora.provider.consent.get() {
        Consent::Ask => ask(&grigora, &request),
        Consent::Authorize => {
            let user = grigora.world.users()[0].id.to_owned();
            authorize(&grigora, &request, user, request.projects.clone())
        }
        Consent::Cancel => go(&request.denied()),
    }
}

fn ask(grigora: &Grigora, request: &AuthorizeRequest) -> Response {
    let Some(app) = grigora.provider.app(&request.client_id) else {
        return trouble("The app is not registered any more.");
    };
    let ticket = grigora.tickets.issue(request.clone());
    html(StatusCode::OK, page::consent(app, request, &grigora.world, &ticket))
}

/// The answer to the consent page. The form's fields are our own, not the provider's.
async fn decide(State(grigora): State<Arc<Grigora>>, headers: HeaderMap, body: Body) -> Response {
    let notes = grigora.provider.notes(format!("POST {CONSENT_PATH}"));
    if is_from_elsewhere(&headers, &grigora.provider.origin) {
        notes.add(Kind::ForeignOrigin, "the consent form was sent from another site");
        return trouble("This answer came from another site, so it does not count.");
    }
    let Some(form) = read_form(&headers, body).await else {
        return trouble("This answer could not be read.");
    };
    let Some(request) = form.get("ticket").and_then(|ticket| grigora.tickets.take(ticket)) else {
        notes.add(Kind::UsedTicket, "ticket");
        return trouble("This page was answered before, or it has been open for too long.");
    };
    match form.get("decision") {
        Some("authorize") => agreed(&grigora, &request, &form, &notes),
        Some("cancel") => go(&request.denied()),
        _ => trouble("This answer says neither Authorize nor Cancel."),
    }
}

fn agreed(grigora: &Grigora, request: &AuthorizeRequest, form: &Params, notes: &Notes<'_>) -> Response {
    let chosen: Vec<String> = form.all("project").map(str::to_owned).collect();
    let user = form.get("user").and_then(|id| grigora.world.user(id));
    match user {
        Some(user) if chosen.iter().all(|id| grigora.world.project(id).is_some()) => {
            authorize(grigora, request, user.id.to_owned(), chosen)
        }
        _ => {
            notes.add(Kind::WrongValue, "user or project");
            trouble("This answer names a person or a project that does not exist.")
        }
    }
}

fn authorize(
    grigora: &Grigora,
    request: &AuthorizeRequest,
    user_id: String,
    project_ids: Vec<String>,
) -> Response {
    let Some(app) = grigora.provider.app(&request.client_id) else {
        return trouble("The app is not registered any more.");
    };
    let code = grigora.provider.grants.issue_code(Authorization {
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        user_id,
        project_ids,
        scope: app.scopes.join(" "),
    });
    go(&request.authorized(&code))
}

async fn read_form(headers: &HeaderMap, body: Body) -> Option<Params> {
    let bytes = axum::body::to_bytes(body, FORM_LIMIT).await.ok()?;
    (content_type(headers) == "application/x-www-form-urlencoded").then(|| Params::from_form(&bytes))
}

/// 302, and nothing in between: the browser goes on to a page, or hands the address to a program and stays.
fn go(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return trouble("The app's redirect URI cannot be followed.");
    };
    let headers =
        [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::FOUND, headers).into_response()
}

/// An error for the person. Never a redirect: nobody knows yet whether the address is the app's.
fn trouble(why: &str) -> Response {
    html(StatusCode::BAD_REQUEST, page::trouble(why))
}

fn html(status: StatusCode, page: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, page::POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The address holds `state`: no other site learns it. (`no-referrer` would hide our own `Origin` from us.)
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (status, headers, page).into_response()
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], page::STYLE)
}
