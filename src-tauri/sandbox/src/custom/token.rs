//! The token endpoint: code exchange with PKCE, polling with a device code (RFC 8628 §3.4), the client's own
//! credentials (RFC 6749 §4.4), token exchange (RFC 8693), and refresh with rotation. Reuse of a refresh token revokes
//! its grant.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::client::authenticate;
use super::device;
use super::exchange;
use crate::body::Formats;
use crate::custom::constants::TOKEN_PATH;
use crate::custom::state::Custom;
use crate::departures::{DepartureKind, DepartureLog};
use crate::faults::{Endpoint, Fault, apply_fault};
use crate::grants::{Authorization, CodeExchange, RefreshError, Tokens};
use crate::params::Params;
use crate::provider::Provider;
use crate::random::digest;
use crate::registered_app::RegisteredApp;
use crate::reply::{ErrorReply, json_reply};
use crate::revealed::SecretKind;
use crate::token_request::{DEVICE_GRANT, EXCHANGE_GRANT, TokenRequest, required};

const EXCHANGE: [&str; 6] =
    ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret"];
const REFRESH: [&str; 5] = ["grant_type", "refresh_token", "scope", "client_id", "client_secret"];

const POLL: [&str; 4] = ["grant_type", "device_code", "client_id", "client_secret"];
const OWN: [&str; 4] = ["grant_type", "scope", "client_id", "client_secret"];

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(TOKEN_PATH, post(token)).with_state(custom)
}

async fn token(State(custom): State<Arc<Custom>>, request: Request) -> Response {
    let provider = &custom.provider;
    let log = provider.departure_log(format!("POST {TOKEN_PATH}"));
    let token_request = match TokenRequest::read(request, provider, Formats::Form, &log).await {
        Ok(token_request) => token_request,
        Err(refusal) => return refusal.into_response(),
    };
    let fault = token_request.next_fault(provider);
    let rotate = fault != Some(Fault::NoRefreshToken);
    let act = async {
        act(&custom, &token_request, rotate, &log)
            .map_or_else(ErrorReply::into_response, |reply| granted(&reply))
    };
    apply_fault(fault, provider, act).await
}

fn act(
    custom: &Custom,
    token_request: &TokenRequest,
    rotate: bool,
    log: &DepartureLog<'_>,
) -> Result<Value, ErrorReply> {
    let app = authenticate(&custom.provider, &token_request.headers, &token_request.params, log)?;
    let grant_type = token_request.params.get("grant_type");
    if grant_type == Some("client_credentials") {
        log.unknown(token_request.params.unknown(&OWN));
        return Ok(members(&of_client(custom, app, &token_request.params, log)?));
    }
    if grant_type == Some(DEVICE_GRANT) {
        log.unknown(token_request.params.unknown(&POLL));
        let code = required(&token_request.params, "device_code", log)?;
        return Ok(with_id_token(custom, &device::poll(custom, app, code, log)?));
    }
    if grant_type == Some(EXCHANGE_GRANT) {
        return exchange::derive(custom, app, &token_request.params, log);
    }
    if token_request.endpoint == Endpoint::TokenExchange {
        log.unknown(token_request.params.unknown(&EXCHANGE));
        let tokens = exchange_code(custom, app, &token_request.params, log)?;
        return Ok(with_id_token(custom, &tokens));
    }
    log.unknown(token_request.params.unknown(&REFRESH));
    Ok(members(&refresh(custom, app, &token_request.params, rotate, log)?))
}

fn exchange_code(
    custom: &Custom,
    app: &RegisteredApp,
    params: &Params,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    let claim = CodeExchange {
        redirect_uri: Some(required(params, "redirect_uri", log)?),
        verifier: params.get("code_verifier"),
        ..CodeExchange::new(required(params, "code", log)?, &app.client_id)
    };
    custom.provider.grants.exchange_code(&claim).map_err(|why| ErrorReply::invalid_grant(why.report(log)))
}

/// A token without a person and without a refresh token (RFC 6749 §4.4.3).
fn of_client(
    custom: &Custom,
    app: &RegisteredApp,
    params: &Params,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    let grants = &custom.provider.grants;
    let code = grants.issue_code(Authorization {
        client_id: app.client_id.clone(),
        scope: device::scopes(params, log)?.join(" "),
        ..Authorization::default()
    });
    let claim = CodeExchange { refresh: false, ..CodeExchange::new(&code, &app.client_id) };
    grants.exchange_code(&claim).map_err(|why| ErrorReply::invalid_grant(why.report(log)))
}

fn refresh(
    custom: &Custom,
    app: &RegisteredApp,
    params: &Params,
    rotate: bool,
    log: &DepartureLog<'_>,
) -> Result<Tokens, ErrorReply> {
    let grants = &custom.provider.grants;
    let token = required(params, "refresh_token", log)?;
    if let (Some(info), Some(asked)) = (grants.introspect(token), params.get("scope")) {
        let granted: Vec<&str> = info.grant.authorization.scope.split(' ').collect();
        // RFC 6749 §6: no scope beyond the grant. A narrower scope is ignored, as §3.3 permits.
        if asked.split(' ').any(|scope| !granted.contains(&scope)) {
            log.add(DepartureKind::WrongValue, "scope");
            let why = "scope names more than was granted";
            return Err(ErrorReply::new(StatusCode::BAD_REQUEST, "invalid_scope", why));
        }
    }
    grants.refresh(token, &app.client_id, rotate).map_err(|why| {
        if why == RefreshError::Rotated {
            // RFC 9700 §4.14.2: the newer token may be stolen.
            grants.revoke_grant(token);
        }
        ErrorReply::invalid_grant(why.report(log))
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

/// With the scope `openid`, the reply has an ID token (`OpenID` Connect Core §3.1.3.3).
fn with_id_token(custom: &Custom, tokens: &Tokens) -> Value {
    let mut members = members(tokens);
    let authorization = &tokens.grant.authorization;
    if authorization.scope.split(' ').any(|scope| scope == "openid") {
        let now = custom.provider.shared.clock.now().as_second();
        let mut claims = json!({
            "iss": custom.issuer(),
            "sub": authorization.user_id,
            "aud": authorization.client_id,
            "iat": now,
            // Every sign-in is on its own page.
            "auth_time": now,
            "at_hash": at_hash(&tokens.access),
            "exp": now.saturating_add_unsigned(tokens.expires_in),
        });
        if let Some(nonce) = &authorization.nonce {
            claims["nonce"] = json!(nonce);
        }
        let id_token = custom.signer.sign(claims);
        custom.provider.shared.reveal.add(SecretKind::IdToken, &id_token);
        members["id_token"] = json!(id_token);
    }
    members
}

/// The left half of the digest of ES256, SHA-256 (`OpenID` Connect Core §3.1.3.6).
fn at_hash(access: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(access)[..16])
}

fn granted(members: &Value) -> Response {
    let mut response = json_reply(StatusCode::OK, members);
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
