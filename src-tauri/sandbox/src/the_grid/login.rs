//! The login: choice of the identity provider, consent, and the redirect to the app.

mod page;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};

use crate::departures::{DepartureKind, DepartureLog, loggable_name};
use crate::grants::Authorization;
use crate::page::{ConsentForm, error_page, redirect_to, show};
use crate::params::Params;
use crate::provider::ProviderId::TheGrid as SELF;
use crate::provider::{Consent, Provider};
use crate::sample_data::USERS;
use crate::the_grid::constants::{AUTHORIZE_PATH, IDENTITY_PROVIDERS};
use crate::the_grid::state::Login;
use crate::the_grid::state::TheGrid;
use page::SUBMIT_PATH;

pub(super) fn router(the_grid: Arc<TheGrid>) -> Router<Arc<Provider>> {
    Router::new()
        .route(AUTHORIZE_PATH, get(choose_identity_provider))
        .route(&format!("{AUTHORIZE_PATH}/"), get(choose_identity_provider))
        .route(&format!("{AUTHORIZE_PATH}/{{identity_provider}}"), get(log_in))
        .route(SUBMIT_PATH, post(submit))
        .with_state(the_grid)
}

async fn choose_identity_provider(
    State(the_grid): State<Arc<TheGrid>>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let log = the_grid.provider.departure_log(format!("GET {AUTHORIZE_PATH}"));
    match read(&the_grid, &query, &log) {
        Err(why) => error_page(SELF, &why),
        Ok(request) if the_grid.provider.consent.get() == Consent::Ask => {
            let body = page::choice(&request, &query);
            show(SELF.into(), StatusCode::OK, "Log in to The Grid", &body)
        }
        Ok(request) => continue_login(&the_grid, &request, "GitHub"),
    }
}

async fn log_in(
    State(the_grid): State<Arc<TheGrid>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let log = the_grid.provider.departure_log(format!("GET {AUTHORIZE_PATH}/{}", loggable_name(&name)));
    let Some((_, title)) = IDENTITY_PROVIDERS.into_iter().find(|(known, _)| *known == name) else {
        log.add(DepartureKind::WrongValue, "the identity provider");
        return error_page(SELF, "The Grid does not support this identity provider.");
    };
    match read(&the_grid, &query.unwrap_or_default(), &log) {
        Err(why) => error_page(SELF, &why),
        Ok(request) => continue_login(&the_grid, &request, title),
    }
}

fn read(the_grid: &TheGrid, query: &str, log: &DepartureLog<'_>) -> Result<Login, String> {
    Login::read(&the_grid.provider, &Params::from_form(query.as_bytes()), log)
}

fn continue_login(the_grid: &TheGrid, request: &Login, identity_provider: &str) -> Response {
    match the_grid.provider.consent.get() {
        Consent::Ask => {
            let ticket = the_grid.tickets.issue(request.clone());
            let body = page::consent(request, identity_provider, &ticket);
            show(SELF.into(), StatusCode::OK, &format!("Connect {} to The Grid", request.app_name), &body)
        }
        Consent::Authorize => redirect_with_code(the_grid, request, USERS[0].id),
        Consent::Cancel => redirect_to(SELF, &request.denied()),
    }
}

async fn submit(State(the_grid): State<Arc<TheGrid>>, headers: HeaderMap, body: Body) -> Response {
    let log = the_grid.provider.departure_log(format!("POST {SUBMIT_PATH}"));
    let submitted = ConsentForm::read(&the_grid.provider, &the_grid.tickets, (headers, body), &log).await;
    let ConsentForm { form, request } = match submitted {
        Ok(submitted) => submitted,
        Err(refused) => return refused,
    };
    let user = form.get("user").and_then(|id| USERS.iter().find(|user| user.id == id));
    match (form.get("decision"), user) {
        (Some("cancel"), _) => redirect_to(SELF, &request.denied()),
        (Some("authorize"), Some(user)) => redirect_with_code(&the_grid, &request, user.id),
        _ => {
            log.add(DepartureKind::WrongValue, "user or decision");
            error_page(SELF, "Select an account, and choose Authorize or Cancel.")
        }
    }
}

fn redirect_with_code(the_grid: &TheGrid, request: &Login, user_id: &str) -> Response {
    let code = the_grid.provider.grants.issue_code(Authorization {
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        user_id: user_id.to_owned(),
        scope: request.scopes.join(" "),
        ..Authorization::default()
    });
    redirect_to(SELF, &request.authorized(&code))
}
