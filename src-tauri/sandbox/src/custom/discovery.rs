//! The metadata documents of RFC 8414 and `OpenID` Connect Discovery, and the JWK set.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use crate::custom::constants::{
    AUTHORIZE_PATH, DEVICE_AUTHORIZATION_PATH, INTROSPECTION_PATH, KEYS_PATH, METADATA_PATH, OPENID_PATH,
    REVOCATION_PATH, SCOPES, TOKEN_PATH, USERINFO_PATH,
};
use crate::custom::state::Custom;
use crate::provider::Provider;
use crate::reply::json_reply;
use crate::switches::Switch;
use crate::token_request::{DEVICE_GRANT, EXCHANGE_GRANT};

/// The issuer in the documents with the switch `custom-issuer-mismatch`.
const OTHER_ISSUER: &str = "https://someone-else.example";
const HUGE_DOCUMENT_BYTES: usize = 10 * 1024 * 1024;

pub(super) fn router(custom: Arc<Custom>) -> Router<Arc<Provider>> {
    Router::new()
        .route(METADATA_PATH, get(metadata))
        .route(OPENID_PATH, get(openid))
        .route(KEYS_PATH, get(keys))
        .with_state(custom)
}

async fn metadata(State(custom): State<Arc<Custom>>) -> Response {
    json_reply(StatusCode::OK, &announced(&custom))
}

/// The metadata of RFC 8414 and the members that `OpenID` Connect requires in addition.
async fn openid(State(custom): State<Arc<Custom>>) -> Response {
    let mut document = announced(&custom);
    document["subject_types_supported"] = json!(["public"]);
    document["id_token_signing_alg_values_supported"] = json!(["ES256"]);
    document["claims_supported"] =
        json!(["sub", "name", "given_name", "family_name", "email", "email_verified"]);
    json_reply(StatusCode::OK, &document)
}

async fn keys(State(custom): State<Arc<Custom>>) -> Response {
    json_reply(StatusCode::OK, &custom.signer.key_set())
}

fn announced(custom: &Custom) -> Value {
    let switches = &custom.provider.shared.switches;
    let issuer = custom.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    let ways = ["client_secret_basic", "client_secret_post"];
    let mut document = json!({
        "issuer": if switches.is_on(Switch::CustomIssuerMismatch) { OTHER_ISSUER } else { issuer },
        "authorization_endpoint": at(AUTHORIZE_PATH),
        "device_authorization_endpoint": at(DEVICE_AUTHORIZATION_PATH),
        "token_endpoint": at(TOKEN_PATH),
        "userinfo_endpoint": at(USERINFO_PATH),
        "jwks_uri": at(KEYS_PATH),
        "introspection_endpoint": at(INTROSPECTION_PATH),
        "introspection_endpoint_auth_methods_supported": ways,
        "scopes_supported": SCOPES.map(|(scope, _)| scope),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT, EXCHANGE_GRANT
        ],
        "token_endpoint_auth_methods_supported": ways,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    if !switches.is_on(Switch::CustomNoRevocation) {
        document["revocation_endpoint"] = json!(at(REVOCATION_PATH));
        document["revocation_endpoint_auth_methods_supported"] = json!(ways);
    }
    if switches.is_on(Switch::CustomHugeDocument) {
        document["x_padding"] = json!("x".repeat(HUGE_DOCUMENT_BYTES));
    }
    document
}
