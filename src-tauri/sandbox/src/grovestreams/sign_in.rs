//! The sign-in page. Its parameters are where no server sees them, so a script reads them and brings them here.

mod page;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub(super) use request::is_full_address;

use super::sample_data;
use crate::body::content_type;
use crate::departures::{DepartureKind, loggable_name};
use crate::grants::Authorization;
use crate::grovestreams::constants::{AUTHORIZE_PATH, BRAND_HOST, BRAND_NAME, SIGN_IN_PATH};
use crate::grovestreams::state::GroveStreams;
use crate::grovestreams::state::SignIn;
use crate::page::{Branding, ConsentForm, cancelled, error_page, redirect_to, show};
use crate::params::Params;
use crate::provider::ProviderId::GroveStreams as SELF;
use crate::provider::{Consent, Provider};
use page::{SCRIPT, SCRIPT_PATH};

const MAX_FORM_BYTES: usize = 64 * 1024;

type Here = State<Arc<GroveStreams>>;

pub(super) fn router(grovestreams: Arc<GroveStreams>) -> Router<Arc<Provider>> {
    Router::new()
        .route(AUTHORIZE_PATH, get(opened).post(posted))
        .route(SIGN_IN_PATH, get(brought).post(answered))
        .route(SCRIPT_PATH, get(script))
        .with_state(grovestreams)
}

/// The page as a browser asks for it. Where nobody is to see a page, parameters in the query need no script either.
async fn opened(State(here): Here, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    match query {
        Some(query) if here.provider.consent.get() != Consent::Ask => {
            begin(&here, &headers, &Params::from_form(query.as_bytes()), &format!("GET {AUTHORIZE_PATH}"))
        }
        _ => {
            let branding = Branding { script: Some(SCRIPT_PATH), ..branding(&headers) };
            show(branding, StatusCode::OK, "Sign in", &page::doorstep(branding.title))
        }
    }
}

/// The page says `POST`, which is taken at its word: as a form.
async fn posted(State(here): Here, headers: HeaderMap, body: Body) -> Response {
    let endpoint = format!("POST {AUTHORIZE_PATH}");
    let bytes = axum::body::to_bytes(body, MAX_FORM_BYTES).await.unwrap_or_default();
    if content_type(&headers) != "application/x-www-form-urlencoded" {
        here.provider
            .departure_log(endpoint)
            .add(DepartureKind::WrongContentType, loggable_name(&content_type(&headers)));
        return error_page(branding(&headers), "The parameters belong into a form.");
    }
    begin(&here, &headers, &Params::from_form(&bytes), &endpoint)
}

/// Where the script goes on.
async fn brought(State(here): Here, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    begin(&here, &headers, &params, &format!("GET {AUTHORIZE_PATH}"))
}

fn begin(here: &GroveStreams, headers: &HeaderMap, params: &Params, endpoint: &str) -> Response {
    let request = match SignIn::read(params, &here.provider.departure_log(endpoint)) {
        Ok(request) => request,
        Err(why) => return error_page(branding(headers), &why),
    };
    match here.provider.consent.get() {
        Consent::Ask => ask(here, headers, &request, None),
        Consent::Authorize => signed_in(here, headers, &request, crate::grovestreams::constants::USER_UID),
        Consent::Cancel => cancelled(branding(headers)),
    }
}

fn ask(here: &GroveStreams, headers: &HeaderMap, request: &SignIn, wrong: Option<&str>) -> Response {
    let branding = branding(headers);
    let ticket = here.tickets.issue(request.clone());
    let body = page::form(request, branding, wrong, &ticket);
    show(branding, StatusCode::OK, &format!("Sign in to {}", branding.title), &body)
}

/// Assumed: a cancel leads nowhere, because the page names no callback but that of a success.
async fn answered(State(here): Here, headers: HeaderMap, body: Body) -> Response {
    let log = here.provider.departure_log(format!("POST {SIGN_IN_PATH}"));
    let answer = ConsentForm::read(&here.provider, &here.tickets, (headers.clone(), body), &log).await;
    let ConsentForm { form, mut request } = match answer {
        Ok(answer) => answer,
        Err(refused) => return refused,
    };
    match form.get("decision") {
        Some("cancel") => cancelled(branding(&headers)),
        Some("sign-in") => {
            let email = form.get("email").unwrap_or_default();
            if let Some(uid) = sample_data::sign_in(email, form.get("password").unwrap_or_default()) {
                return signed_in(&here, &headers, &request, uid);
            }
            request.email = Some(email.to_owned());
            ask(&here, &headers, &request, Some("This email and this password do not belong together."))
        }
        _ => error_page(branding(&headers), "This answer says neither Sign in nor Cancel."),
    }
}

fn signed_in(here: &GroveStreams, headers: &HeaderMap, request: &SignIn, uid: &str) -> Response {
    let code =
        here.issue_code(&request.client_id, Some(&request.redirect_uri), request.state.as_deref(), uid);
    redirect_to(branding(headers), &request.back(&code, &here.provider.shared.switches))
}

impl GroveStreams {
    pub(super) fn issue_code(
        &self,
        client_id: &str,
        redirect_uri: Option<&str>,
        state: Option<&str>,
        uid: &str,
    ) -> String {
        self.provider.grants.issue_code(Authorization {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.unwrap_or_default().to_owned(),
            state: state.map(str::to_owned),
            user_id: uid.to_owned(),
            ..Authorization::default()
        })
    }
}

/// The brand is that of the host under which the page was opened.
fn branding(headers: &HeaderMap) -> Branding {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if host.split(':').next() == Some(BRAND_HOST) {
        Branding { title: BRAND_NAME, class: "branded", script: None }
    } else {
        SELF.into()
    }
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], SCRIPT)
}
