//! The revocation endpoint (RFC 7009). Revoking a refresh token revokes its grant; revoking an access token only
//! itself.

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
use crate::departures::{DepartureKind, DepartureLog};
use crate::faults::{Endpoint, apply_fault};
use crate::provider::Provider;
use crate::reply::ErrorReply;
use crate::switches::Switch;
use crate::token_request::{read_body, required};

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(REVOCATION_PATH, post(revoke)).with_state(custom)
}

async fn revoke(State(custom): State<Arc<Custom>>, request: Request) -> Response {
    let provider = &custom.provider;
    let log = provider.departure_log(format!("POST {REVOCATION_PATH}"));
    if provider.shared.switches.is_on(Switch::CustomNoRevocation) {
        log.add(DepartureKind::UnknownPath, REVOCATION_PATH);
        return ErrorReply::new(StatusCode::NOT_FOUND, "not_found", "no such path").into_response();
    }
    let act = async {
        let done = act(provider, request, &log).await;
        // RFC 7009 §2.2: 200 with an empty body.
        done.map_or_else(ErrorReply::into_response, |()| StatusCode::OK.into_response())
    };
    apply_fault(provider.next_fault(Endpoint::Api), provider, act).await
}

async fn act(provider: &Provider, request: Request, log: &DepartureLog<'_>) -> Result<(), ErrorReply> {
    let (headers, params) = read_body(request, Formats::Form, log).await?;
    log.unknown(params.unknown(&KNOWN));
    let app = authenticate(provider, &headers, &params, log)?;
    let token = required(&params, "token", log)?;
    // RFC 7009 §2.2: an unknown token counts as revoked.
    let Some(info) = provider.grants.introspect(token) else { return Ok(()) };
    if info.grant.authorization.client_id != app.client_id {
        log.add(DepartureKind::WrongClient, "token");
        // §2.1 requires a refusal; the error code is assumed.
        return Err(ErrorReply::invalid_grant("the token was issued to another client"));
    }
    if info.is_refresh {
        provider.grants.revoke_grant(token);
    } else {
        provider.grants.revoke(token);
    }
    Ok(())
}
