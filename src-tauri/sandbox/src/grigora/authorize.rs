//! The authorization endpoint: the consent page, its form, and the redirect to the app.

mod page;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};

use crate::authorization_request::AuthorizeError;
use crate::departures::{DepartureKind, DepartureLog};
use crate::grants::Authorization;
use crate::grigora::constants::AUTHORIZE_PATH;
use crate::grigora::state::AuthorizeRequest;
use crate::grigora::state::Grigora;
use crate::page::{ConsentForm, error_page, redirect_to, show as show_page};
use crate::params::Params;
use crate::provider::ProviderId::Grigora as SELF;
use crate::provider::{Consent, Provider};
use page::CONSENT_PATH;

pub(super) fn router(grigora: Arc<Grigora>) -> Router<Arc<Provider>> {
    Router::new().route(AUTHORIZE_PATH, get(show)).route(CONSENT_PATH, post(submit)).with_state(grigora)
}

async fn show(State(grigora): State<Arc<Grigora>>, RawQuery(query): RawQuery) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    let log = grigora.provider.departure_log(format!("GET {AUTHORIZE_PATH}"));
    let request = match AuthorizeRequest::read(&grigora, &params, &log) {
        Ok(request) => request,
        Err(AuthorizeError::Page(why)) => return error_page(SELF, &why),
        Err(AuthorizeError::Redirect(to)) => return redirect_to(SELF, &to),
    };
    match grigora.provider.consent.get() {
        Consent::Ask => show_consent(&grigora, &request),
        Consent::Authorize => {
            let user = grigora.data.users()[0].id.to_owned();
            authorize(&grigora, &request, user, request.projects.clone())
        }
        Consent::Cancel => redirect_to(SELF, &request.denied()),
    }
}

fn show_consent(grigora: &Grigora, request: &AuthorizeRequest) -> Response {
    let Some(app) = grigora.provider.app(&request.client_id) else {
        return error_page(SELF, "The app is no longer registered.");
    };
    let ticket = grigora.tickets.issue(request.clone());
    let body = page::consent(app, request, &grigora.data, &ticket);
    show_page(SELF.into(), StatusCode::OK, &format!("Connect {} to Grigora", app.name), &body)
}

async fn submit(State(grigora): State<Arc<Grigora>>, headers: HeaderMap, body: Body) -> Response {
    let log = grigora.provider.departure_log(format!("POST {CONSENT_PATH}"));
    let submitted = ConsentForm::read(&grigora.provider, &grigora.tickets, (headers, body), &log).await;
    let ConsentForm { form, request } = match submitted {
        Ok(submitted) => submitted,
        Err(refused) => return refused,
    };
    match form.get("decision") {
        Some("authorize") => authorize_selection(&grigora, &request, &form, &log),
        Some("cancel") => redirect_to(SELF, &request.denied()),
        _ => error_page(SELF, "Choose Authorize or Cancel."),
    }
}

fn authorize_selection(
    grigora: &Grigora,
    request: &AuthorizeRequest,
    form: &Params,
    log: &DepartureLog<'_>,
) -> Response {
    let chosen: Vec<String> = form.all("project").map(str::to_owned).collect();
    let user = form.get("user").and_then(|id| grigora.data.user(id));
    match user {
        Some(user) if chosen.iter().all(|id| grigora.data.project(id).is_some()) => {
            authorize(grigora, request, user.id.to_owned(), chosen)
        }
        _ => {
            log.add(DepartureKind::WrongValue, "user or project");
            error_page(SELF, "The selected account or project does not exist.")
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
        return error_page(SELF, "The app is no longer registered.");
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
    redirect_to(SELF, &request.authorized(&code))
}
