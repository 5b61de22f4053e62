//! The introspection endpoint (RFC 7662), for the client that a token was issued to.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::client::authenticate;
use crate::body::Formats;
use crate::custom::constants::INTROSPECTION_PATH;
use crate::custom::state::Custom;
use crate::departures::DepartureLog;
use crate::faults::{Endpoint, apply_fault};
use crate::grants::TokenInfo;
use crate::provider::Provider;
use crate::reply::{ErrorReply, json_reply};
use crate::sample_data::USERS;
use crate::token_request::{read_body, required};

pub(super) const KNOWN: [&str; 4] = ["token", "token_type_hint", "client_id", "client_secret"];

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(INTROSPECTION_PATH, post(introspect)).with_state(custom)
}

async fn introspect(State(custom): State<Arc<Custom>>, request: Request) -> Response {
    let provider = &custom.provider;
    let log = provider.departure_log(format!("POST {INTROSPECTION_PATH}"));
    let act = async {
        let token_info = act(&custom, request, &log).await;
        token_info
            .map_or_else(ErrorReply::into_response, |token_info| json_reply(StatusCode::OK, &token_info))
    };
    apply_fault(provider.next_fault(Endpoint::Api), provider, act).await
}

async fn act(custom: &Custom, request: Request, log: &DepartureLog<'_>) -> Result<Value, ErrorReply> {
    let (headers, params) = read_body(request, Formats::Form, log).await?;
    log.unknown(params.unknown(&KNOWN));
    let app = authenticate(&custom.provider, &headers, &params, log)?;
    let info = custom.provider.grants.introspect(required(&params, "token", log)?);
    // Assumed: another client's token is inactive.
    let theirs = info.filter(|info| info.is_live && info.grant.authorization.client_id == app.client_id);
    Ok(theirs.map_or_else(|| json!({ "active": false }), |info| token_info(custom, &info)))
}

fn token_info(custom: &Custom, info: &TokenInfo) -> Value {
    let authorization = &info.grant.authorization;
    let mut members = json!({
        "active": true,
        "scope": authorization.scope,
        "client_id": authorization.client_id,
        "sub": authorization.user_id,
        "iss": custom.issuer(),
        "iat": info.validity.issued_at.as_second(),
    });
    if info.validity.expires_at != jiff::Timestamp::MAX {
        members["exp"] = json!(info.validity.expires_at.as_second());
    }
    if !info.is_refresh {
        members["token_type"] = json!("Bearer");
    }
    if let Some(user) = USERS.iter().find(|user| user.id == authorization.user_id) {
        members["username"] = json!(user.email);
    }
    members
}
