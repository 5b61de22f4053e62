//! The sign-in page. Its parameters are in the URL fragment, so a script reads them and sends them here.

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

type GroveStreamsState = State<Arc<GroveStreams>>;

pub(super) fn router(grovestreams: Arc<GroveStreams>) -> Router<Arc<Provider>> {
    Router::new()
        .route(AUTHORIZE_PATH, get(show_sign_in).post(post_parameters))
        .route(SIGN_IN_PATH, get(continue_from_script).post(submit))
        .route(SCRIPT_PATH, get(script))
        .with_state(grovestreams)
}

/// The sign-in page. When it is skipped, parameters in the query are accepted without the script.
async fn show_sign_in(
    State(grovestreams): GroveStreamsState,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    match query {
        Some(query) if grovestreams.provider.consent.get() != Consent::Ask => start_sign_in(
            &grovestreams,
            &headers,
            &Params::from_form(query.as_bytes()),
            &format!("GET {AUTHORIZE_PATH}"),
        ),
        _ => {
            let branding = Branding { script: Some(SCRIPT_PATH), ..branding(&headers) };
            show(branding, StatusCode::OK, "Sign in", &page::script_page(branding.title))
        }
    }
}

/// The documentation says `POST`: a form with the parameters is accepted.
async fn post_parameters(State(grovestreams): GroveStreamsState, headers: HeaderMap, body: Body) -> Response {
    let endpoint = format!("POST {AUTHORIZE_PATH}");
    let bytes = axum::body::to_bytes(body, MAX_FORM_BYTES).await.unwrap_or_default();
    if content_type(&headers) != "application/x-www-form-urlencoded" {
        grovestreams
            .provider
            .departure_log(endpoint)
            .add(DepartureKind::WrongContentType, loggable_name(&content_type(&headers)));
        return error_page(branding(&headers), "Send the parameters as a form.");
    }
    start_sign_in(&grovestreams, &headers, &Params::from_form(&bytes), &endpoint)
}

/// The target of the script.
async fn continue_from_script(
    State(grovestreams): GroveStreamsState,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    start_sign_in(&grovestreams, &headers, &params, &format!("GET {AUTHORIZE_PATH}"))
}

fn start_sign_in(
    grovestreams: &GroveStreams,
    headers: &HeaderMap,
    params: &Params,
    endpoint: &str,
) -> Response {
    let request = match SignIn::read(params, &grovestreams.provider.departure_log(endpoint)) {
        Ok(request) => request,
        Err(why) => return error_page(branding(headers), &why),
    };
    match grovestreams.provider.consent.get() {
        Consent::Ask => show_form(grovestreams, headers, &request, None),
        Consent::Authorize => {
            redirect_with_code(grovestreams, headers, &request, crate::grovestreams::constants::USER_UID)
        }
        Consent::Cancel => cancelled(branding(headers)),
    }
}

fn show_form(
    grovestreams: &GroveStreams,
    headers: &HeaderMap,
    request: &SignIn,
    wrong: Option<&str>,
) -> Response {
    let branding = branding(headers);
    let ticket = grovestreams.tickets.issue(request.clone());
    let body = page::form(request, branding, wrong, &ticket);
    show(branding, StatusCode::OK, &format!("Sign in to {}", branding.title), &body)
}

/// Assumed: a cancel does not redirect, since only a success callback is documented.
async fn submit(State(grovestreams): GroveStreamsState, headers: HeaderMap, body: Body) -> Response {
    let log = grovestreams.provider.departure_log(format!("POST {SIGN_IN_PATH}"));
    let submitted =
        ConsentForm::read(&grovestreams.provider, &grovestreams.tickets, (headers.clone(), body), &log).await;
    let ConsentForm { form, mut request } = match submitted {
        Ok(submitted) => submitted,
        Err(refused) => return refused,
    };
    match form.get("decision") {
        Some("cancel") => cancelled(branding(&headers)),
        Some("sign-in") => {
            let email = form.get("email").unwrap_or_default();
            if let Some(uid) = sample_data::sign_in(email, form.get("password").unwrap_or_default()) {
                return redirect_with_code(&grovestreams, &headers, &request, uid);
            }
            request.email = Some(email.to_owned());
            show_form(&grovestreams, &headers, &request, Some("The email or the password is wrong."))
        }
        _ => error_page(branding(&headers), "Choose Sign in or Cancel."),
    }
}

fn redirect_with_code(
    grovestreams: &GroveStreams,
    headers: &HeaderMap,
    request: &SignIn,
    uid: &str,
) -> Response {
    let code = grovestreams.issue_code(
        &request.client_id,
        Some(&request.redirect_uri),
        request.state.as_deref(),
        uid,
    );
    redirect_to(branding(headers), &request.back(&code, &grovestreams.provider.shared.switches))
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

/// The branding of the requested host.
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
