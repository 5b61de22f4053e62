//! The token endpoint: codes for tokens, and refresh tokens for new ones.

mod exchange;
mod refresh;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Serialize;

use crate::body::Formats;
use crate::departures::DepartureLog;
use crate::faults::{Endpoint, Fault, apply_fault};
use crate::grants::Tokens;
use crate::grigora::constants::TOKEN_PATH;
use crate::grigora::state::Grigora;
use crate::provider::Provider;
use crate::reply::{ErrorReply, json_reply};
use crate::token_request::{TokenRequest, client_in_body, sends_authorization};

pub(super) fn router(grigora: Arc<Grigora>) -> Router<Arc<Provider>> {
    Router::new().route(TOKEN_PATH, post(token)).with_state(grigora)
}

async fn token(State(grigora): State<Arc<Grigora>>, request: Request) -> Response {
    let provider = &grigora.provider;
    let log = provider.departure_log(format!("POST {TOKEN_PATH}"));
    let asked = match TokenRequest::read(request, provider, Formats::FormOrJson, &log).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    let fault = asked.next_fault(provider);
    let rotate = fault != Some(Fault::NoRefreshToken);
    let act = async {
        act(&asked, provider, rotate, &log).map_or_else(ErrorReply::into_response, |tokens| granted(&tokens))
    };
    apply_fault(fault, provider, act).await
}

/// The client's credentials belong into the body, because the page shows no other way.
fn act(
    asked: &TokenRequest,
    provider: &Provider,
    rotate: bool,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    let authorization = sends_authorization(&asked.headers, log);
    let app = client_in_body(provider, &asked.params, authorization, log)?;
    if asked.endpoint == Endpoint::TokenExchange {
        exchange::exchange(&provider.grants, app, &asked.params, log)
    } else {
        refresh::refresh(&provider.grants, app, &asked.params, rotate, log)
    }
}

/// The reply, member by member as on the page.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: &'a str,
    project_ids: &'a [String],
}

fn granted(tokens: &Tokens) -> Response {
    let authorization = &tokens.grant.authorization;
    let body = Granted {
        access_token: &tokens.access,
        token_type: "Bearer",
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh.as_deref(),
        scope: &authorization.scope,
        project_ids: &authorization.project_ids,
    };
    json_reply(StatusCode::OK, &body)
}
