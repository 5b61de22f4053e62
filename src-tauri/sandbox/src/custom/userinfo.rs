//! The userinfo endpoint (`OpenID` Connect Core §5.3): the claims that the token's scopes allow.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::bearer::{Unauthorized, bearer_grant, log_unexpected_body, read_query};
use crate::custom::constants::USERINFO_PATH;
use crate::custom::state::Custom;
use crate::faults::{Endpoint, apply_fault};
use crate::provider::Provider;
use crate::reply::{ErrorReply, json_reply};
use crate::sample_data::USERS;

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new().route(USERINFO_PATH, get(userinfo).post(userinfo)).with_state(custom)
}

async fn userinfo(State(custom): State<Arc<Custom>>, request: Request) -> Response {
    let provider = &custom.provider;
    let act = async {
        let claims = act(provider, request);
        claims.map_or_else(ErrorReply::into_response, |claims| json_reply(StatusCode::OK, &claims))
    };
    apply_fault(provider.next_fault(Endpoint::Api), provider, act).await
}

fn act(provider: &Provider, request: Request) -> Result<Value, ErrorReply> {
    let (parts, _) = request.into_parts();
    let log = provider.departure_log(format!("{} {USERINFO_PATH}", parts.method));
    read_query(&parts, &[], &log);
    log_unexpected_body(&parts.headers, &log);
    let invalid = || {
        let why = "the access token is invalid, expired or revoked";
        ErrorReply::bearer("invalid_token", why).with_challenge("Bearer error=\"invalid_token\"")
    };
    let grant = bearer_grant(provider, &parts.headers, &log).map_err(|why| match why {
        // RFC 6750 §3.1: without a token there is no error to name in the challenge.
        Unauthorized::NoToken(why) => ErrorReply::bearer("unauthorized", why),
        Unauthorized::BadToken => invalid(),
    })?;
    let has = |scope: &str| grant.authorization.scope.split(' ').any(|granted| granted == scope);
    if !has("openid") {
        return Err(ErrorReply::new(
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            "the scope openid is needed",
        )
        .with_challenge("Bearer error=\"insufficient_scope\", scope=\"openid\""));
    }
    let user = USERS.iter().find(|user| user.id == grant.authorization.user_id).ok_or_else(invalid)?;
    let mut claims = json!({ "sub": user.id });
    if has("profile") {
        claims["name"] = json!(format!("{} {}", user.first_name, user.last_name));
        claims["given_name"] = json!(user.first_name);
        claims["family_name"] = json!(user.last_name);
    }
    if has("email") {
        claims["email"] = json!(user.email);
        claims["email_verified"] = json!(true);
    }
    Ok(claims)
}
