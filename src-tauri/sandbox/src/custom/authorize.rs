//! The authorization endpoint: the consent page with a choice of scopes, its form, and the redirect to the app.

mod request;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use crate::authorization_request::AuthorizeError;
use crate::custom::constants::{AUTHORIZE_PATH, SCOPES};
use crate::custom::state::AuthorizeRequest;
use crate::custom::state::Custom;
use crate::departures::DepartureKind;
use crate::grants::Authorization;
use crate::page::{
    ConsentForm, account_choice, decision_buttons, error_page, redirect_to, return_notice, show as show_page,
};
use crate::params::Params;
use crate::provider::ProviderId::Custom as SELF;
use crate::provider::{Consent, Provider};
use crate::sample_data::USERS;

const SUBMIT_PATH: &str = "/authorize/answer";

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(AUTHORIZE_PATH, get(show)).route(SUBMIT_PATH, post(submit)).with_state(custom)
}

async fn show(State(custom): State<Arc<Custom>>, RawQuery(query): RawQuery) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    let log = custom.provider.departure_log(format!("GET {AUTHORIZE_PATH}"));
    let request = match AuthorizeRequest::read(&custom, &params, &log) {
        Ok(request) => request,
        Err(AuthorizeError::Page(why)) => return error_page(SELF, &why),
        Err(AuthorizeError::Redirect(to)) => return redirect_to(SELF, &to),
    };
    match custom.provider.consent.get() {
        Consent::Ask => {
            let ticket = custom.tickets.issue(request.clone());
            let body = consent_page(&request, &ticket);
            show_page(SELF.into(), StatusCode::OK, &format!("Connect {}", request.app_name), &body)
        }
        Consent::Authorize => authorize(&custom, &request, USERS[0].id, &request.scopes),
        Consent::Cancel => redirect_to(SELF, &request.denied(&custom)),
    }
}

async fn submit(State(custom): State<Arc<Custom>>, headers: HeaderMap, body: Body) -> Response {
    let log = custom.provider.departure_log(format!("POST {SUBMIT_PATH}"));
    let submitted = ConsentForm::read(&custom.provider, &custom.tickets, (headers, body), &log).await;
    let ConsentForm { form, request } = match submitted {
        Ok(submitted) => submitted,
        Err(refused) => return refused,
    };
    let user = form.get("user").and_then(|id| USERS.iter().find(|user| user.id == id));
    match (form.get("decision"), user) {
        (Some("cancel"), _) => redirect_to(SELF, &request.denied(&custom)),
        (Some("authorize"), Some(user)) => {
            let ticked: Vec<&str> = form.all("scope").collect();
            let scopes: Vec<_> = request.scopes.iter().copied().filter(|s| ticked.contains(s)).collect();
            authorize(&custom, &request, user.id, &scopes)
        }
        _ => {
            log.add(DepartureKind::WrongValue, "user or decision");
            error_page(SELF, "Select an account, and choose Authorize or Cancel.")
        }
    }
}

/// Granting no scope is a denial (assumed).
fn authorize(custom: &Custom, request: &AuthorizeRequest, user_id: &str, scopes: &[&str]) -> Response {
    if scopes.is_empty() {
        return redirect_to(SELF, &request.denied(custom));
    }
    let code = custom.provider.grants.issue_code(Authorization {
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        challenge: Some(request.challenge.clone()),
        nonce: request.nonce.clone(),
        user_id: user_id.to_owned(),
        scope: scopes.join(" "),
        ..Authorization::default()
    });
    redirect_to(SELF, &request.authorized(custom, &code))
}

fn consent_page(request: &AuthorizeRequest, ticket: &str) -> Markup {
    let asked = SCOPES.into_iter().filter(|(scope, _)| request.scopes.contains(scope));
    html! {
        h1 { "Connect " bdi { (request.app_name) } }
        p.lead { "This app requests the following access. Clear the scopes that you do not want to grant." }
        form method="post" action=(SUBMIT_PATH) {
            input type="hidden" name="ticket" value=(ticket);
            (account_choice(&USERS))
            fieldset {
                legend { bdi { (request.app_name) } " will be able to" }
                ul {
                    @for (scope, words) in asked {
                        li { label {
                            input type="checkbox" name="scope" value=(scope) checked;
                            span.what { (words) }
                            code { (scope) }
                        } }
                    }
                }
            }
            (return_notice(&request.app_name, &request.redirect_uri))
            (decision_buttons(("authorize", "Authorize"), "Cancel"))
        }
    }
}
