//! The authorization endpoint: the consent page, the person's answer to it, and the way back to the app.

mod page;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};

use super::pending::AuthorizeRequest;
use crate::authorization_request::Refused;
use crate::departures::{Kind, Notes};
use crate::grants::Authorization;
use crate::grigora::constants::AUTHORIZE_PATH;
use crate::grigora::state::Grigora;
use crate::page::{Answer, go, show as show_page, trouble};
use crate::params::Params;
use crate::provider::ProviderId::Grigora as SELF;
use crate::provider::{Consent, Provider};
use page::CONSENT_PATH;

pub(super) fn router(grigora: Arc<Grigora>) -> Router<Arc<Provider>> {
    Router::new().route(AUTHORIZE_PATH, get(show)).route(CONSENT_PATH, post(decide)).with_state(grigora)
}

async fn show(State(grigora): State<Arc<Grigora>>, RawQuery(query): RawQuery) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    let notes = grigora.provider.notes(format!("GET {AUTHORIZE_PATH}"));
    let request = match AuthorizeRequest::read(&grigora, &params, &notes) {
        Ok(request) => request,
        Err(Refused::Page(why)) => return trouble(SELF, &why),
        Err(Refused::Redirect(to)) => return go(SELF, &to),
    };
    match grigora.provider.consent.get() {
        Consent::Ask => ask(&grigora, &request),
        Consent::Authorize => {
            let user = grigora.world.users()[0].id.to_owned();
            authorize(&grigora, &request, user, request.projects.clone())
        }
        Consent::Cancel => go(SELF, &request.denied()),
    }
}

fn ask(grigora: &Grigora, request: &AuthorizeRequest) -> Response {
    let Some(app) = grigora.provider.app(&request.client_id) else {
        return trouble(SELF, "The app is not registered any more.");
    };
    let ticket = grigora.tickets.issue(request.clone());
    let body = page::consent(app, request, &grigora.world, &ticket);
    show_page(SELF.into(), StatusCode::OK, &format!("Connect {} to Grigora", app.name), &body)
}

async fn decide(State(grigora): State<Arc<Grigora>>, headers: HeaderMap, body: Body) -> Response {
    let notes = grigora.provider.notes(format!("POST {CONSENT_PATH}"));
    let answer = Answer::read(&grigora.provider, &grigora.tickets, (headers, body), &notes).await;
    let Answer { form, request } = match answer {
        Ok(answer) => answer,
        Err(refused) => return refused,
    };
    match form.get("decision") {
        Some("authorize") => agreed(&grigora, &request, &form, &notes),
        Some("cancel") => go(SELF, &request.denied()),
        _ => trouble(SELF, "This answer says neither Authorize nor Cancel."),
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
            trouble(SELF, "This answer names a person or a project that does not exist.")
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
        return trouble(SELF, "The app is not registered any more.");
    };
    let code = grigora.provider.grants.issue_code(Authorization {
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        user_id,
        project_ids,
        scope: app.scopes.join(" "),
        ..Authorization::default()
    });
    go(SELF, &request.authorized(&code))
}
