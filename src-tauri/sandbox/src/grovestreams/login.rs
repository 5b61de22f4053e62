//! Issues a code for an email and a password, without a browser.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use serde_json::json;

use super::sign_in::is_full_address;
use super::{envelope, sample_data};
use crate::body::Formats;
use crate::departures::{DepartureKind, DepartureLog};
use crate::grovestreams::constants::LOGIN_PATH;
use crate::grovestreams::state::GroveStreams;
use crate::params::Params;
use crate::provider::Provider;
use crate::reply::{ErrorReply, json_reply};
use crate::token_request::{read_body, required, sends_authorization};

const KNOWN: [&str; 7] =
    ["email", "password", "scope", "response_type", "state", "redirect_uri", "client_id"];

pub(super) fn router(grovestreams: Arc<GroveStreams>) -> Router<Arc<Provider>> {
    Router::new().route(LOGIN_PATH, post(login)).with_state(grovestreams)
}

async fn login(State(grovestreams): State<Arc<GroveStreams>>, request: Request) -> Response {
    let log = grovestreams.provider.departure_log(format!("POST {LOGIN_PATH}"));
    let answer = match read_body(request, Formats::Json, &log).await {
        Ok((headers, params)) => {
            sends_authorization(&headers, &log);
            act(&grovestreams, &params, &log)
        }
        Err(refusal) => Err(refusal),
    };
    answer.unwrap_or_else(|refusal| envelope::refused(&refusal))
}

/// Optional: what the sign-in page does not require, and `redirect_uri` and `scope` (assumed).
fn act(grovestreams: &GroveStreams, params: &Params, log: &DepartureLog<'_>) -> Result<Response, ErrorReply> {
    log.unknown(params.unknown(&KNOWN));
    let email = required(params, "email", log)?;
    let password = required(params, "password", log)?;
    let client_id = required(params, "client_id", log)?;
    if required(params, "response_type", log)? != "code" {
        log.add(DepartureKind::WrongValue, "response_type");
        return Err(ErrorReply::invalid_request("response_type must be code"));
    }
    let (redirect_uri, state) = (params.get("redirect_uri"), params.get("state"));
    if redirect_uri.is_some_and(|uri| !is_full_address(uri, log)) {
        return Err(ErrorReply::invalid_request("redirect_uri must be an absolute URI"));
    }
    // A wrong password is no departure.
    let uid = sample_data::sign_in(email, password)
        .ok_or_else(|| ErrorReply::invalid_grant("The email or the password is wrong."))?;
    let mut body = json!({
        "success": true,
        "oauthCode": grovestreams.issue_code(client_id, redirect_uri, state, uid),
        "message": "Login succeeded.",
    });
    for (name, value) in [("oauthState", state), ("oauthRedirectUri", redirect_uri)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    Ok(json_reply(StatusCode::OK, &body))
}
