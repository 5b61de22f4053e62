//! The refresh that a first-party client used: `PUT`, JSON, no secret. It is there only where it is switched on.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::put;

use super::token::granted;
use crate::body::Formats;
use crate::departures::{Kind, Notes};
use crate::faults::{Endpoint, play};
use crate::grants::Tokens;
use crate::params::Params;
use crate::provider::Provider;
use crate::refusal::Refusal;
use crate::switches::Switch;
use crate::the_grid::constants::REFRESH_PATH;
use crate::the_grid::state::TheGrid;
use crate::token_request::{next_fault, read_body, required, sends_authorization};

pub(super) fn router(the_grid: Arc<TheGrid>) -> Router<Arc<Provider>> {
    Router::new().route(REFRESH_PATH, put(refresh)).with_state(the_grid)
}

async fn refresh(State(the_grid): State<Arc<TheGrid>>, request: Request) -> Response {
    let provider = &the_grid.provider;
    let notes = provider.notes(format!("PUT {REFRESH_PATH}"));
    if !provider.common.switches.is_on(Switch::TheGridRefreshToken) {
        notes.add(Kind::UnknownPath, REFRESH_PATH);
        return Refusal::new(StatusCode::NOT_FOUND, "not_found", "no such path").into_response();
    }
    let underway = provider.token_requests.enter();
    let params = match read_body(request, Formats::Json, &notes).await {
        Ok((headers, params)) => {
            sends_authorization(&headers, &notes);
            params
        }
        Err(refusal) => return refusal.into_response(),
    };
    underway.take_its_time().await;
    let act = async {
        act(provider, &params, &notes).map_or_else(Refusal::into_response, |tokens| granted(&tokens))
    };
    play(next_fault(provider, Endpoint::TokenRefresh, &params), provider, act).await
}

/// Assumed: the refresh token goes on, and does not come back in the reply.
fn act(provider: &Provider, params: &Params, notes: &Notes<'_>) -> Result<Tokens, Refusal> {
    notes.unknown(params.unknown(&["client_id", "refresh_token"]));
    let client_id = required(params, "client_id", notes)?;
    let token = required(params, "refresh_token", notes)?;
    provider.grants.renew(token, client_id, false).map_err(|why| Refusal::invalid_grant(why.note(notes)))
}
