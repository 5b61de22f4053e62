//! Token exchange (RFC 8693): an access token of this client, for another one with fewer scopes.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::constants::LIFETIMES;
use crate::custom::state::Custom;
use crate::departures::{DepartureKind, DepartureLog};
use crate::grants::Authorization;
use crate::params::Params;
use crate::registered_app::RegisteredApp;
use crate::reply::ErrorReply;
use crate::token_request::required;

const EXCHANGE: [&str; 9] = [
    "grant_type",
    "resource",
    "audience",
    "scope",
    "requested_token_type",
    "subject_token",
    "subject_token_type",
    "client_id",
    "client_secret",
];
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The service that every client may ask for.
const SERVICES: [&str; 2] = ["notes", "https://notes.example/api"];

/// The response of §2.2.1.
pub(super) fn derive(
    custom: &Custom,
    app: &RegisteredApp,
    params: &Params,
    log: &DepartureLog<'_>,
) -> Result<Value, ErrorReply> {
    log.unknown(params.unknown(&EXCHANGE));
    let grants = &custom.provider.grants;
    let subject = required(params, "subject_token", log)?;
    if required(params, "subject_token_type", log)? != ACCESS_TOKEN
        || params.get("requested_token_type").is_some_and(|kind| kind != ACCESS_TOKEN)
    {
        log.add(DepartureKind::WrongValue, "subject_token_type or requested_token_type");
        return Err(ErrorReply::invalid_request("only access tokens are exchanged"));
    }
    // §2.2.2: the error for a subject token that is invalid for any reason.
    let Some(info) = grants.introspect(subject).filter(|info| info.is_live && !info.is_refresh) else {
        return Err(ErrorReply::invalid_request("the subject token is not valid"));
    };
    let named = [params.get("audience"), params.get("resource")];
    if named.into_iter().flatten().any(|service| !SERVICES.contains(&service)) {
        let why = format!("the services are {}", SERVICES.join(" and "));
        return Err(ErrorReply::new(StatusCode::BAD_REQUEST, "invalid_target", why));
    }
    let granted = info.grant.authorization.scope.clone();
    let scope = params.get("scope").map_or_else(|| granted.clone(), str::to_owned);
    if scope.split(' ').any(|scope| granted.split(' ').all(|own| own != scope)) {
        let why = "scope names more than the subject token has";
        return Err(ErrorReply::new(StatusCode::BAD_REQUEST, "invalid_scope", why));
    }
    let authorization = Authorization {
        client_id: app.client_id.clone(),
        scope: scope.clone(),
        ..info.grant.authorization.clone()
    };
    Ok(json!({
        "access_token": grants.issue_extra_access_token(&info.grant, &authorization),
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": LIFETIMES.access_token,
        "scope": scope,
    }))
}
