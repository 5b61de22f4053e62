//! The authorization endpoint: the consent page, on which single scopes may be refused, and the way back to the app.

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
use crate::custom::constants::AUTHORIZE_PATH;
use crate::custom::state::Custom;
use crate::departures::Kind;
use crate::grants::Authorization;
use crate::page::{Answer, go, show as show_page, trouble};
use crate::params::Params;
use crate::provider::ProviderId::Custom as SELF;
use crate::provider::{Consent, Provider};
use crate::world::USERS;
use page::ANSWER_PATH;

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(AUTHORIZE_PATH, get(show)).route(ANSWER_PATH, post(answered)).with_state(custom)
}

async fn show(State(custom): State<Arc<Custom>>, RawQuery(query): RawQuery) -> Response {
    let params = Params::from_form(query.unwrap_or_default().as_bytes());
    let notes = custom.provider.notes(format!("GET {AUTHORIZE_PATH}"));
    let request = match AuthorizeRequest::read(&custom, &params, &notes) {
        Ok(request) => request,
        Err(Refused::Page(why)) => return trouble(SELF, &why),
        Err(Refused::Redirect(to)) => return go(SELF, &to),
    };
    match custom.provider.consent.get() {
        Consent::Ask => {
            let ticket = custom.tickets.issue(request.clone());
            let body = page::consent(&request, &ticket);
            show_page(SELF.into(), StatusCode::OK, &format!("Connect {}", request.app_name), &body)
        }
        Consent::Authorize => authorize(&custom, &request, USERS[0].id, &request.scopes),
        Consent::Cancel => go(SELF, &request.denied(&custom)),
    }
}

async fn answered(State(custom): State<Arc<Custom>>, headers: HeaderMap, body: Body) -> Response {
    let notes = custom.provider.notes(format!("POST {ANSWER_PATH}"));
    let answer = Answer::read(&custom.provider, &custom.tickets, (headers, body), &notes).await;
    let Answer { form, request } = match answer {
        Ok(answer) => answer,
        Err(refused) => return refused,
    };
    let user = form.get("user").and_then(|id| USERS.iter().find(|user| user.id == id));
    match (form.get("decision"), user) {
        (Some("cancel"), _) => go(SELF, &request.denied(&custom)),
        (Some("authorize"), Some(user)) => {
            let ticked: Vec<&str> = form.all("scope").collect();
            let scopes: Vec<_> = request.scopes.iter().copied().filter(|s| ticked.contains(s)).collect();
            authorize(&custom, &request, user.id, &scopes)
        }
        _ => {
            notes.add(Kind::WrongValue, "user or decision");
            trouble(SELF, "This answer names no person, or neither Authorize nor Cancel.")
        }
    }
}

/// To grant nothing is to refuse (assumed).
fn authorize(custom: &Custom, request: &AuthorizeRequest, user_id: &str, scopes: &[&str]) -> Response {
    if scopes.is_empty() {
        return go(SELF, &request.denied(custom));
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
    go(SELF, &request.authorized(custom, &code))
}
