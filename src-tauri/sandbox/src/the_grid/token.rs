//! The token endpoint. Its reply has only an `access_token`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use crate::body::Formats;
use crate::departures::{DepartureKind, DepartureLog};
use crate::faults::{Endpoint, apply_fault};
use crate::grants::{CodeExchange, Tokens};
use crate::provider::Provider;
use crate::reply::{ErrorReply, json_reply};
use crate::switches::Switch;
use crate::the_grid::constants::TOKEN_PATH;
use crate::the_grid::state::TheGrid;
use crate::token_request::{TokenRequest, client_in_body, required, sends_authorization};

/// `redirect_uri` is undocumented, but published clients send it.
const KNOWN: [&str; 5] = ["client_id", "client_secret", "code", "grant_type", "redirect_uri"];

pub(super) fn router(the_grid: Arc<TheGrid>) -> Router<Arc<Provider>> {
    Router::new().route(TOKEN_PATH, post(token)).with_state(the_grid)
}

async fn token(State(the_grid): State<Arc<TheGrid>>, request: Request) -> Response {
    let provider = &the_grid.provider;
    let log = provider.departure_log(format!("POST {TOKEN_PATH}"));
    let token_request = match TokenRequest::read(request, provider, Formats::Form, &log).await {
        Ok(token_request) => token_request,
        Err(refusal) => return refusal.into_response(),
    };
    let act = async {
        act(provider, &token_request, &log).map_or_else(ErrorReply::into_response, |tokens| granted(&tokens))
    };
    apply_fault(token_request.next_fault(provider), provider, act).await
}

/// Errors are undocumented: those of RFC 6749 are assumed.
fn act(
    provider: &Provider,
    token_request: &TokenRequest,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    let params = &token_request.params;
    if token_request.endpoint == Endpoint::TokenRefresh {
        log.add(DepartureKind::WrongValue, "grant_type");
        let why = "grant_type is authorization_code";
        return Err(ErrorReply::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", why));
    }
    log.unknown(params.unknown(&KNOWN));
    let app = client_in_body(provider, params, sends_authorization(&token_request.headers, log), log)?;
    let claim = CodeExchange {
        redirect_uri: params.get("redirect_uri"),
        refresh: provider.shared.switches.is_on(Switch::TheGridRefreshToken),
        ..CodeExchange::new(required(params, "code", log)?, &app.client_id)
    };
    provider.grants.exchange_code(&claim).map_err(|why| ErrorReply::invalid_grant(why.report(log)))
}

pub(super) fn granted(tokens: &Tokens) -> Response {
    let mut body = json!({ "access_token": tokens.access });
    if let Some(refresh) = &tokens.refresh {
        body["refresh_token"] = json!(refresh);
    }
    json_reply(StatusCode::OK, &body)
}
