//! Grindery: sign-in with a wallet, no client identity at all, and a JSON-RPC API. Its page is short; the rest is what
//! the provider's published code does. Behavior that neither shows is marked "assumed".

pub(crate) mod constants;
mod rpc;
mod sample_data;
mod sign_in;
mod state;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

pub use constants::{
    API_PATH, AUDIENCE, AUTHORIZE_PATH, ISSUER, KEYS_PATH, LIFETIMES, SIGN_IN_PATH, TOKEN_PATH,
};

use crate::faults::{FAULT_DESCRIPTION, RefusalReplies};
use crate::grants::{Authorization, TokenFormat, Validity};
use crate::jwt::Signer;
use crate::provider::{Provider, ProviderId, ProviderSetup};
use crate::random::random_token;
use crate::reply::{ErrorReply, json_reply};
use crate::routes::with_common_routes;
use crate::tickets::Tickets;
use state::Grindery;

/// Access tokens are JWTs; the formats of codes and refresh tokens are assumed.
#[derive(Debug)]
struct JwtTokens(Arc<Signer>);

impl TokenFormat for JwtTokens {
    fn code(&self) -> String {
        random_token("")
    }

    fn access_token(&self, authorization: &Authorization, validity: Validity) -> String {
        let mut claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": authorization.user_id,
            "iat": validity.issued_at.as_second(),
            "exp": validity.expires_at.as_second(),
        });
        if let Some(workspace) = authorization.project_ids.first() {
            claims["workspace"] = json!(workspace);
            claims["role"] = json!(authorization.scope);
        }
        self.0.sign(claims)
    }

    fn refresh_token(&self) -> String {
        random_token("")
    }
}

pub(crate) fn build(setup: ProviderSetup) -> (Arc<Provider>, Router) {
    let clock = setup.shared.clock.clone();
    let signer = Arc::new(Signer::default());
    let format = Box::new(JwtTokens(Arc::clone(&signer)));
    let provider = Provider::new(ProviderId::Grindery, setup, format, LIFETIMES);
    let provider = Arc::new(Provider { refusals: REFUSALS, ..provider });
    let grindery =
        Arc::new(Grindery { provider: Arc::clone(&provider), signer, tickets: Tickets::new(clock) });
    let routes = Router::new()
        .merge(sign_in::router(Arc::clone(&grindery)))
        .merge(token::router(Arc::clone(&grindery)))
        .merge(rpc::router(Arc::clone(&grindery)))
        .merge(Router::new().route(KEYS_PATH, get(keys)).with_state(grindery));
    let all = with_common_routes(&provider, routes);
    (provider, all)
}

/// The token endpoint has two error codes, both with status 400.
const REFUSALS: RefusalReplies = RefusalReplies {
    token: || rpc::failure::Failure::bad_token().into_response(),
    grant: || ErrorReply::invalid_request(FAULT_DESCRIPTION).into_response(),
    client: || ErrorReply::invalid_request(FAULT_DESCRIPTION).into_response(),
};

async fn keys(State(grindery): State<Arc<Grindery>>) -> Response {
    json_reply(StatusCode::OK, &grindery.signer.key_set())
}
