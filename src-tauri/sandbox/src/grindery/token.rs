//! The token endpoint, without client authentication. A refresh does not rotate the refresh token.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Serialize;

use crate::body::Formats;
use crate::departures::DepartureLog;
use crate::faults::{Endpoint, apply_fault};
use crate::grants::{CodeExchange, Tokens};
use crate::grindery::constants::TOKEN_PATH;
use crate::grindery::state::Grindery;
use crate::provider::Provider;
use crate::reply::{ErrorReply, json_reply};
use crate::token_request::{TokenRequest, required, sends_authorization};

pub(super) fn router(grindery: Arc<Grindery>) -> Router<Arc<Provider>> {
    Router::new().route(TOKEN_PATH, post(token)).with_state(grindery)
}

async fn token(State(grindery): State<Arc<Grindery>>, request: Request) -> Response {
    let provider = &grindery.provider;
    let log = provider.departure_log(format!("POST {TOKEN_PATH}"));
    let token_request = match TokenRequest::read(request, provider, Formats::FormOrJson, &log).await {
        Ok(token_request) => token_request,
        // Every error has status 400.
        Err(refusal) => return refusal.with_status(StatusCode::BAD_REQUEST).into_response(),
    };
    let act = async {
        act(provider, &token_request, &log).map_or_else(ErrorReply::into_response, |tokens| granted(&tokens))
    };
    apply_fault(token_request.next_fault(provider), provider, act).await
}

fn act(
    provider: &Provider,
    token_request: &TokenRequest,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    // Undocumented, so it is logged and ignored.
    sends_authorization(&token_request.headers, log);
    let params = &token_request.params;
    if token_request.endpoint == Endpoint::TokenExchange {
        log.unknown(params.unknown(&["grant_type", "code"]));
        let claim = CodeExchange::new(required(params, "code", log)?, "");
        return provider
            .grants
            .exchange_code(&claim)
            .map_err(|why| ErrorReply::invalid_request(why.report(log)));
    }
    log.unknown(params.unknown(&["grant_type", "refresh_token"]));
    let token = required(params, "refresh_token", log)?;
    provider.grants.refresh(token, "", false).map_err(|why| ErrorReply::invalid_request(why.report(log)))
}

/// The documented members of the reply.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    expires_in: u64,
    token_type: &'static str,
}

fn granted(tokens: &Tokens) -> Response {
    let body = Granted {
        access_token: &tokens.access,
        refresh_token: tokens.refresh.as_deref(),
        expires_in: tokens.expires_in,
        token_type: "bearer",
    };
    json_reply(StatusCode::OK, &body)
}
