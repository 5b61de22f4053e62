//! `token/authorized_by` and `token/introspect`: the account and the authorization of a token.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::caller::Caller;
use crate::clock::iso;
use crate::reply::{ErrorReply, json_reply};

pub(super) async fn authorized_by(caller: Caller) -> Result<Response, ErrorReply> {
    let user = caller.grigora.data.user(&caller.grant.authorization.user_id).ok_or_else(gone)?;
    let body = json!({
        "id": user.id,
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
    });
    Ok(json_reply(StatusCode::OK, &body))
}

pub(super) async fn introspect(caller: Caller) -> Result<Response, ErrorReply> {
    let authorization = &caller.grant.authorization;
    let app = caller.grigora.provider.app(&authorization.client_id).ok_or_else(gone)?;
    let body = json!({
        "authorization": {
            "id": caller.grant.id.to_string(),
            "createdOn": iso(caller.grant.created),
            "grantType": "authorization_code",
            "scope": authorization.scope,
            "userId": authorization.user_id,
            "authorizedTo": { "projectIds": authorization.project_ids },
        },
        "application": {
            "id": app.id,
            "description": app.description,
            "homepage": app.homepage,
            "displayName": app.name,
        },
    });
    Ok(json_reply(StatusCode::OK, &body))
}

fn gone() -> ErrorReply {
    ErrorReply::bearer("invalid_token", "the person or the app behind the token is gone")
}
