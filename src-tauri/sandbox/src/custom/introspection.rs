//! Introspection (RFC 7662): what a token is, told to the client that it was issued to.

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
use crate::departures::Notes;
use crate::faults::{Endpoint, play};
use crate::grants::Held;
use crate::provider::Provider;
use crate::refusal::{Refusal, reply};
use crate::token_request::{read_body, required};
use crate::world::USERS;

pub(super) const KNOWN: [&str; 4] = ["token", "token_type_hint", "client_id", "client_secret"];

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(INTROSPECTION_PATH, post(introspect)).with_state(custom)
}

async fn introspect(State(custom): State<Arc<Custom>>, request: Request) -> Response {
    let provider = &custom.provider;
    let notes = provider.notes(format!("POST {INTROSPECTION_PATH}"));
    let act = async {
        let told = act(&custom, request, &notes).await;
        told.map_or_else(Refusal::into_response, |told| reply(StatusCode::OK, &told))
    };
    play(provider.next_fault(Endpoint::Api), provider, act).await
}

async fn act(custom: &Custom, request: Request, notes: &Notes<'_>) -> Result<Value, Refusal> {
    let (headers, params) = read_body(request, Formats::Form, notes).await?;
    notes.unknown(params.unknown(&KNOWN));
    let app = authenticate(&custom.provider, &headers, &params, notes)?;
    let held = custom.provider.grants.held(required(&params, "token", notes)?);
    // Assumed: of another client's token no more is told than of one that was never issued.
    let theirs = held.filter(|held| held.is_live && held.grant.authorization.client_id == app.client_id);
    Ok(theirs.map_or_else(|| json!({ "active": false }), |held| told(custom, &held)))
}

fn told(custom: &Custom, held: &Held) -> Value {
    let authorization = &held.grant.authorization;
    let mut members = json!({
        "active": true,
        "scope": authorization.scope,
        "client_id": authorization.client_id,
        "sub": authorization.user_id,
        "iss": custom.issuer(),
        "iat": held.life.from.as_second(),
    });
    if held.life.to != jiff::Timestamp::MAX {
        members["exp"] = json!(held.life.to.as_second());
    }
    if !held.is_refresh {
        members["token_type"] = json!("Bearer");
    }
    if let Some(user) = USERS.iter().find(|user| user.id == authorization.user_id) {
        members["username"] = json!(user.email);
    }
    members
}
