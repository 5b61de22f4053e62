//! The token endpoint: a code or a refresh token, no client. A refresh gives no new refresh token; the old one goes on.

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
    let asked = match TokenRequest::read(request, provider, Formats::FormOrJson, &log).await {
        Ok(asked) => asked,
        // Every error has this status.
        Err(refusal) => return refusal.with_status(StatusCode::BAD_REQUEST).into_response(),
    };
    let act = async {
        act(provider, &asked, &log).map_or_else(ErrorReply::into_response, |tokens| granted(&tokens))
    };
    apply_fault(asked.next_fault(provider), provider, act).await
}

fn act(provider: &Provider, asked: &TokenRequest, log: &DepartureLog<'_>) -> Result<Tokens, ErrorReply> {
    // No page asks for it and none forbids it, so it is noted and ignored.
    sends_authorization(&asked.headers, log);
    let params = &asked.params;
    if asked.endpoint == Endpoint::TokenExchange {
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

/// The reply, member by member as on the page.
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
