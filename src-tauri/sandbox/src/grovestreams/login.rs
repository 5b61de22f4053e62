//! A code without a browser: for an email and a password, as JSON.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use serde_json::json;

use super::sign_in::is_full_address;
use super::{envelope, world};
use crate::body::Formats;
use crate::departures::{Kind, Notes};
use crate::grovestreams::constants::LOGIN_PATH;
use crate::grovestreams::state::GroveStreams;
use crate::params::Params;
use crate::provider::Provider;
use crate::refusal::{Refusal, reply};
use crate::token_request::{read_body, required, sends_authorization};

const KNOWN: [&str; 7] =
    ["email", "password", "scope", "response_type", "state", "redirect_uri", "client_id"];

pub(super) fn router(here: Arc<GroveStreams>) -> Router<Arc<Provider>> {
    Router::new().route(LOGIN_PATH, post(login)).with_state(here)
}

async fn login(State(here): State<Arc<GroveStreams>>, request: Request) -> Response {
    let notes = here.provider.notes(format!("POST {LOGIN_PATH}"));
    let answer = match read_body(request, Formats::Json, &notes).await {
        Ok((headers, params)) => {
            sends_authorization(&headers, &notes);
            act(&here, &params, &notes)
        }
        Err(refusal) => Err(refusal),
    };
    answer.unwrap_or_else(|refusal| envelope::refused(&refusal))
}

/// What is optional at the sign-in page is so here, and `redirect_uri` and `scope` besides (assumed).
fn act(here: &GroveStreams, params: &Params, notes: &Notes<'_>) -> Result<Response, Refusal> {
    notes.unknown(params.unknown(&KNOWN));
    let email = required(params, "email", notes)?;
    let password = required(params, "password", notes)?;
    let client_id = required(params, "client_id", notes)?;
    if required(params, "response_type", notes)? != "code" {
        notes.add(Kind::WrongValue, "response_type");
        return Err(Refusal::invalid_request("response_type must be code"));
    }
    let (redirect_uri, state) = (params.get("redirect_uri"), params.get("state"));
    if redirect_uri.is_some_and(|uri| !is_full_address(uri, notes)) {
        return Err(Refusal::invalid_request("redirect_uri must be a full address"));
    }
    // A person may mistype: no departure.
    let uid = world::sign_in(email, password)
        .ok_or_else(|| Refusal::invalid_grant("The email or the password is wrong."))?;
    let mut body = json!({
        "success": true,
        "oauthCode": here.issue_code(client_id, redirect_uri, state, uid),
        "message": "Login succeeded.",
    });
    for (name, value) in [("oauthState", state), ("oauthRedirectUri", redirect_uri)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    Ok(reply(StatusCode::OK, &body))
}
