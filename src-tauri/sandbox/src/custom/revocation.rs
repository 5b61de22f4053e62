//! Revocation (RFC 7009): a refresh token ends with its whole grant, an access token alone.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::client::authenticate;
use super::introspection::KNOWN;
use crate::body::Formats;
use crate::custom::constants::REVOCATION_PATH;
use crate::custom::state::Custom;
use crate::departures::{Kind, Notes};
use crate::faults::{Endpoint, play};
use crate::provider::Provider;
use crate::refusal::Refusal;
use crate::switches::Switch;
use crate::token_request::{read_body, required};

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(REVOCATION_PATH, post(revoke)).with_state(custom)
}

async fn revoke(State(custom): State<Arc<Custom>>, request: Request) -> Response {
    let provider = &custom.provider;
    let notes = provider.notes(format!("POST {REVOCATION_PATH}"));
    if provider.common.switches.is_on(Switch::CustomNoRevocation) {
        notes.add(Kind::UnknownPath, REVOCATION_PATH);
        return Refusal::new(StatusCode::NOT_FOUND, "not_found", "no such path").into_response();
    }
    let act = async {
        let done = act(provider, request, &notes).await;
        // RFC 7009 §2.2: 200, and nothing to read.
        done.map_or_else(Refusal::into_response, |()| StatusCode::OK.into_response())
    };
    play(provider.next_fault(Endpoint::Api), provider, act).await
}

async fn act(provider: &Provider, request: Request, notes: &Notes<'_>) -> Result<(), Refusal> {
    let (headers, params) = read_body(request, Formats::Form, notes).await?;
    notes.unknown(params.unknown(&KNOWN));
    let app = authenticate(provider, &headers, &params, notes)?;
    let token = required(&params, "token", notes)?;
    // RFC 7009 §2.2: a token that is not known is as good as revoked.
    let Some(held) = provider.grants.held(token) else { return Ok(()) };
    if held.grant.authorization.client_id != app.client_id {
        notes.add(Kind::WrongClient, "token");
        // §2.1 asks to refuse it, and does not say how (assumed).
        return Err(Refusal::invalid_grant("the token was issued to another client"));
    }
    if held.is_refresh {
        provider.grants.revoke_grant(token);
    } else {
        provider.grants.revoke(token);
    }
    Ok(())
}
