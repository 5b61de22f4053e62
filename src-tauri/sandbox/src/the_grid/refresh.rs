//! The refresh endpoint of a first-party client: `PUT`, JSON, no secret. Only with the switch `the-grid-refresh-token`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::put;

use super::token::granted;
use crate::body::Formats;
use crate::departures::{DepartureKind, DepartureLog};
use crate::faults::{Endpoint, apply_fault};
use crate::grants::Tokens;
use crate::params::Params;
use crate::provider::Provider;
use crate::reply::ErrorReply;
use crate::switches::Switch;
use crate::the_grid::constants::REFRESH_PATH;
use crate::the_grid::state::TheGrid;
use crate::token_request::{next_fault, read_body, required, sends_authorization};

pub(super) fn router(the_grid: Arc<TheGrid>) -> Router<Arc<Provider>> {
    Router::new().route(REFRESH_PATH, put(refresh)).with_state(the_grid)
}

async fn refresh(State(the_grid): State<Arc<TheGrid>>, request: Request) -> Response {
    let provider = &the_grid.provider;
    let log = provider.departure_log(format!("PUT {REFRESH_PATH}"));
    if !provider.shared.switches.is_on(Switch::TheGridRefreshToken) {
        log.add(DepartureKind::UnknownPath, REFRESH_PATH);
        return ErrorReply::new(StatusCode::NOT_FOUND, "not_found", "no such path").into_response();
    }
    let in_flight = provider.token_requests.enter();
    let params = match read_body(request, Formats::Json, &log).await {
        Ok((headers, params)) => {
            sends_authorization(&headers, &log);
            params
        }
        Err(refusal) => return refusal.into_response(),
    };
    in_flight.delay().await;
    let act = async {
        act(provider, &params, &log).map_or_else(ErrorReply::into_response, |tokens| granted(&tokens))
    };
    apply_fault(next_fault(provider, Endpoint::TokenRefresh, &params), provider, act).await
}

/// Assumed: the refresh token stays valid and is not in the reply.
fn act(provider: &Provider, params: &Params, log: &DepartureLog<'_>) -> Result<Tokens, ErrorReply> {
    log.unknown(params.unknown(&["client_id", "refresh_token"]));
    let client_id = required(params, "client_id", log)?;
    let token = required(params, "refresh_token", log)?;
    provider.grants.refresh(token, client_id, false).map_err(|why| ErrorReply::invalid_grant(why.report(log)))
}
