//! The token endpoint: code exchange and refresh.

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
use crate::grants::{CodeExchange, Tokens};
use crate::grigora::constants::TOKEN_PATH;
use crate::grigora::state::Grigora;
use crate::params::Params;
use crate::provider::Provider;
use crate::registered_app::RegisteredApp;
use crate::reply::{ErrorReply, json_reply};
use crate::token_request::{TokenRequest, client_in_body, required, sends_authorization};

const EXCHANGE_PARAMS: [&str; 6] =
    ["grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier"];
const REFRESH_PARAMS: [&str; 4] = ["grant_type", "refresh_token", "client_id", "client_secret"];

pub(super) fn router(grigora: Arc<Grigora>) -> Router<Arc<Provider>> {
    Router::new().route(TOKEN_PATH, post(token)).with_state(grigora)
}

async fn token(State(grigora): State<Arc<Grigora>>, request: Request) -> Response {
    let provider = &grigora.provider;
    let log = provider.departure_log(format!("POST {TOKEN_PATH}"));
    let token_request = match TokenRequest::read(request, provider, Formats::FormOrJson, &log).await {
        Ok(token_request) => token_request,
        Err(refusal) => return refusal.into_response(),
    };
    let fault = token_request.next_fault(provider);
    let rotate = fault != Some(Fault::NoRefreshToken);
    let act = async {
        act(&token_request, provider, rotate, &log)
            .map_or_else(ErrorReply::into_response, |tokens| granted(&tokens))
    };
    apply_fault(fault, provider, act).await
}

/// The client authenticates in the body, the only documented method.
fn act(
    token_request: &TokenRequest,
    provider: &Provider,
    rotate: bool,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    let authorization = sends_authorization(&token_request.headers, log);
    let app = client_in_body(provider, &token_request.params, authorization, log)?;
    if token_request.endpoint == Endpoint::TokenExchange {
        exchange(provider, app, &token_request.params, log)
    } else {
        refresh(provider, app, &token_request.params, rotate, log)
    }
}

fn exchange(
    provider: &Provider,
    app: &RegisteredApp,
    params: &Params,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    log.unknown(params.unknown(&EXCHANGE_PARAMS));
    let code = required(params, "code", log)?;
    let redirect_uri = Some(required(params, "redirect_uri", log)?);
    let verifier = params.get("code_verifier");
    let exchange = CodeExchange { redirect_uri, verifier, ..CodeExchange::new(code, &app.client_id) };
    provider.grants.exchange_code(&exchange).map_err(|error| ErrorReply::invalid_grant(error.report(log)))
}

/// A refresh rotates the refresh token.
fn refresh(
    provider: &Provider,
    app: &RegisteredApp,
    params: &Params,
    rotate: bool,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    log.unknown(params.unknown(&REFRESH_PARAMS));
    let token = required(params, "refresh_token", log)?;
    let refreshed = provider.grants.refresh(token, &app.client_id, rotate);
    refreshed.map_err(|error| ErrorReply::invalid_grant(error.report(log)))
}

/// The documented members of the reply.
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
