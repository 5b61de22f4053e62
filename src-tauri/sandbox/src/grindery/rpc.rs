//! The API: JSON-RPC 2.0 at the root, each call with the access token in the `Authorization` header.

mod call;
pub(super) mod failure;
mod methods;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use crate::bearer::{Unauthorized, bearer_grant};
use crate::body::content_type;
use crate::departures::{DepartureKind, DepartureLog, loggable_name};
use crate::faults::{Endpoint, apply_fault};
use crate::grindery::constants::API_PATH;
use crate::grindery::state::Grindery;
use crate::provider::Provider;
use crate::reply::json_reply;
use call::Call;
use failure::Failure;

const MAX_BODY_BYTES: usize = 256 * 1024;

pub(super) fn router(grindery: Arc<Grindery>) -> Router<Arc<Provider>> {
    Router::new().route(API_PATH, post(rpc)).with_state(grindery)
}

async fn rpc(State(grindery): State<Arc<Grindery>>, request: Request) -> Response {
    let provider = &grindery.provider;
    let (parts, body) = request.into_parts();
    let log = provider.departure_log("POST /");
    if parts.uri.query().is_some() {
        log.add(DepartureKind::UnexpectedQuery, "no call takes a query");
    }
    let act = async {
        match handle(&grindery, &parts.headers, body, &log).await {
            Ok(response) => response,
            Err(failure) => failure.into_response(),
        }
    };
    apply_fault(provider.next_fault(Endpoint::Api), provider, act).await
}

async fn handle(
    grindery: &Grindery,
    headers: &HeaderMap,
    body: Body,
    log: &DepartureLog<'_>,
) -> Result<Response, Failure> {
    if content_type(headers) != "application/json" {
        log.add(DepartureKind::WrongContentType, loggable_name(&content_type(headers)));
        return Err(Failure::parse());
    }
    let bytes = axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Failure::parse())?;
    let call = Call::read(&bytes, log)?;
    // Checking the token before the method is assumed.
    let result =
        admitted(grindery, headers, log).and_then(|grant| methods::run(grindery, &grant, &call, log));
    match result {
        Ok(result) => {
            Ok(json_reply(StatusCode::OK, &json!({ "jsonrpc": "2.0", "id": call.id, "result": result })))
        }
        Err(failure) => Err(Failure { id: call.id, ..failure }),
    }
}

fn admitted(
    grindery: &Grindery,
    headers: &HeaderMap,
    log: &DepartureLog<'_>,
) -> Result<crate::grants::Grant, Failure> {
    bearer_grant(&grindery.provider, headers, log).map_err(|why| match why {
        Unauthorized::NoToken(_) => Failure::new(StatusCode::INTERNAL_SERVER_ERROR, 1, "Not authorized"),
        Unauthorized::BadToken => Failure::bad_token(),
    })
}
