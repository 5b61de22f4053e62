//! The token endpoint: codes with their verifier, and refresh tokens that rotate. One used twice ends its whole grant.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::client::authenticate;
use crate::apps::App;
use crate::body::Formats;
use crate::custom::constants::TOKEN_PATH;
use crate::custom::state::Custom;
use crate::departures::{Kind, Notes};
use crate::faults::{Endpoint, Fault, play};
use crate::grants::{CodeClaim, RefreshRefused, Tokens};
use crate::params::Params;
use crate::provider::Provider;
use crate::refusal::{Refusal, reply};
use crate::revealed::Secret;
use crate::token_request::{TokenRequest, required};

const EXCHANGE: [&str; 6] =
    ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret"];
const REFRESH: [&str; 5] = ["grant_type", "refresh_token", "scope", "client_id", "client_secret"];

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(TOKEN_PATH, post(token)).with_state(custom)
}

async fn token(State(custom): State<Arc<Custom>>, request: Request) -> Response {
    let provider = &custom.provider;
    let notes = provider.notes(format!("POST {TOKEN_PATH}"));
    let asked = match TokenRequest::read(request, provider, Formats::Form, &notes).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    let fault = asked.next_fault(provider);
    let rotate = fault != Some(Fault::NoRefreshToken);
    let act = async {
        act(&custom, &asked, rotate, &notes).map_or_else(Refusal::into_response, |reply| granted(&reply))
    };
    play(fault, provider, act).await
}

fn act(custom: &Custom, asked: &TokenRequest, rotate: bool, notes: &Notes<'_>) -> Result<Value, Refusal> {
    let app = authenticate(&custom.provider, &asked.headers, &asked.params, notes)?;
    if asked.endpoint == Endpoint::TokenExchange {
        notes.unknown(asked.params.unknown(&EXCHANGE));
        let tokens = exchange(custom, app, &asked.params, notes)?;
        return Ok(with_id_token(custom, &tokens));
    }
    notes.unknown(asked.params.unknown(&REFRESH));
    Ok(members(&refresh(custom, app, &asked.params, rotate, notes)?))
}

fn exchange(custom: &Custom, app: &App, params: &Params, notes: &Notes<'_>) -> Result<Tokens, Refusal> {
    let claim = CodeClaim {
        redirect_uri: Some(required(params, "redirect_uri", notes)?),
        verifier: params.get("code_verifier"),
        ..CodeClaim::new(required(params, "code", notes)?, &app.client_id)
    };
    custom.provider.grants.redeem(&claim).map_err(|why| Refusal::invalid_grant(why.note(notes)))
}

fn refresh(
    custom: &Custom,
    app: &App,
    params: &Params,
    rotate: bool,
    notes: &Notes<'_>,
) -> Result<Tokens, Refusal> {
    let grants = &custom.provider.grants;
    let token = required(params, "refresh_token", notes)?;
    if let (Some(held), Some(asked)) = (grants.held(token), params.get("scope")) {
        let granted: Vec<&str> = held.grant.authorization.scope.split(' ').collect();
        // RFC 6749 §6: no more than was granted. That less is asked for changes nothing (§3.3 allows that).
        if asked.split(' ').any(|scope| !granted.contains(&scope)) {
            notes.add(Kind::WrongValue, "scope");
            let why = "scope names more than was granted";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid_scope", why));
        }
    }
    grants.renew(token, &app.client_id, rotate).map_err(|why| {
        if why == RefreshRefused::Rotated {
            // RFC 9700 §4.14.2: either the client or a thief has the newer one, and nobody can tell which.
            grants.revoke_grant(token);
        }
        Refusal::invalid_grant(why.note(notes))
    })
}

fn members(tokens: &Tokens) -> Value {
    let mut members = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "scope": tokens.grant.authorization.scope,
    });
    if let Some(refresh) = &tokens.refresh {
        members["refresh_token"] = json!(refresh);
    }
    members
}

/// With `openid` among the scopes, the reply says who signed in (`OpenID` Connect Core §3.1.3.3).
fn with_id_token(custom: &Custom, tokens: &Tokens) -> Value {
    let mut members = members(tokens);
    let authorization = &tokens.grant.authorization;
    if authorization.scope.split(' ').any(|scope| scope == "openid") {
        let now = custom.provider.common.clock.now().as_second();
        let mut claims = json!({
            "iss": custom.issuer(),
            "sub": authorization.user_id,
            "aud": authorization.client_id,
            "iat": now,
            "exp": now.saturating_add_unsigned(tokens.expires_in),
        });
        if let Some(nonce) = &authorization.nonce {
            claims["nonce"] = json!(nonce);
        }
        let id_token = custom.signer.sign(claims);
        custom.provider.common.reveal.add(Secret::IdToken, &id_token);
        members["id_token"] = json!(id_token);
    }
    members
}

fn granted(members: &Value) -> Response {
    let mut response = reply(StatusCode::OK, members);
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
