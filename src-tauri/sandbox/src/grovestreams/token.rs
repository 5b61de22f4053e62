//! The token endpoint. The client chooses its ID and an optional secret, which a refresh must repeat.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use serde::Serialize;
use subtle::ConstantTimeEq;

use super::envelope;
use crate::body::Formats;
use crate::departures::{DepartureKind, DepartureLog};
use crate::faults::{Endpoint, Fault, apply_fault};
use crate::grants::{CodeExchange, Tokens};
use crate::grovestreams::constants::TOKEN_PATH;
use crate::grovestreams::state::GroveStreams;
use crate::params::Params;
use crate::provider::Provider;
use crate::random::digest;
use crate::reply::{ErrorReply, json_reply};
use crate::token_request::{TokenRequest, required, sends_authorization};

const KNOWN: [&str; 7] =
    ["grant_type", "code", "client_id", "state", "client_secret", "redirect_uri", "refresh_token"];

pub(super) fn router(grovestreams: Arc<GroveStreams>) -> Router<Arc<Provider>> {
    Router::new().route(TOKEN_PATH, post(token)).with_state(grovestreams)
}

/// The body is a form (assumed): the documentation says "parameters".
async fn token(State(grovestreams): State<Arc<GroveStreams>>, request: Request) -> Response {
    let provider = &grovestreams.provider;
    let log = provider.departure_log(format!("POST {TOKEN_PATH}"));
    let token_request = match TokenRequest::read(request, provider, Formats::Form, &log).await {
        Ok(token_request) => token_request,
        Err(refusal) => return envelope::refused(&refusal),
    };
    let fault = token_request.next_fault(provider);
    let rotate = fault != Some(Fault::NoRefreshToken);
    let act = async {
        sends_authorization(&token_request.headers, &log);
        log.unknown(token_request.params.unknown(&KNOWN));
        let tokens = if token_request.endpoint == Endpoint::TokenExchange {
            exchange(provider, &token_request.params, &log)
        } else {
            refresh(provider, &token_request.params, rotate, &log)
        };
        tokens.map_or_else(|refusal| envelope::refused(&refusal), |tokens| granted(&tokens))
    };
    apply_fault(fault, provider, act).await
}

fn exchange(provider: &Provider, params: &Params, log: &DepartureLog<'_>) -> Result<Tokens, ErrorReply> {
    let code = required(params, "code", log)?;
    let client_id = required(params, "client_id", log)?;
    let claim = CodeExchange {
        redirect_uri: params.get("redirect_uri"),
        // Assumed: if `state` is sent, it must match.
        state: params.get("state"),
        secret: params.get("client_secret"),
        ..CodeExchange::new(code, client_id)
    };
    provider.grants.exchange_code(&claim).map_err(|why| ErrorReply::invalid_grant(why.report(log)))
}

/// Rotation is assumed, since each reply has a new refresh token.
fn refresh(
    provider: &Provider,
    params: &Params,
    rotate: bool,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    let token = required(params, "refresh_token", log)?;
    let client_id = required(params, "client_id", log)?;
    let first = provider.grants.introspect(token).and_then(|info| info.grant.secret);
    match (first, params.get("client_secret")) {
        (Some(_), None) => {
            log.add(DepartureKind::MissingParameter, "client_secret");
            return Err(ErrorReply::invalid_client("client_secret is required: it was sent with the code"));
        }
        (Some(first), Some(secret)) if !bool::from(first.ct_eq(&digest(secret))) => {
            log.add(DepartureKind::WrongClient, "client_secret");
            return Err(ErrorReply::invalid_client(
                "client_secret is not the one that was sent with the code",
            ));
        }
        // "Required if one was passed in": an additional secret is logged and ignored (assumed).
        (None, Some(_)) => log.add(DepartureKind::UnknownParameter, "client_secret"),
        _ => {}
    }
    provider
        .grants
        .refresh(token, client_id, rotate)
        .map_err(|why| ErrorReply::invalid_grant(why.report(log)))
}

/// The documented members of the reply.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

fn granted(tokens: &Tokens) -> Response {
    let body = Granted {
        access_token: &tokens.access,
        token_type: "bearer",
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh.as_deref(),
    };
    let mut response = json_reply(StatusCode::OK, &body);
    let headers = response.headers_mut();
    // As documented, without the `=`.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset UTF-8"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
