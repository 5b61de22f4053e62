//! Grindery: sign-in with a wallet, no client identity at all, and a JSON-RPC API. Its page is short; the rest is what
//! the provider's published code does. What neither says is marked "assumed" where it is decided.

pub(crate) mod constants;
mod pending;
mod rpc;
mod sign_in;
mod state;
mod token;
mod world;

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

use crate::faults::{WHY, Words};
use crate::grants::{Authorization, Life, Mint};
use crate::jwt::Signer;
use crate::provider::{Place, Provider, ProviderId};
use crate::random::secret;
use crate::refusal::{Refusal, reply};
use crate::routes::housed;
use crate::tickets::Tickets;
use state::Grindery;

/// An access token is a JWT; the looks of a code and of a refresh token are assumed.
#[derive(Debug)]
struct GrinderyMint(Arc<Signer>);

impl Mint for GrinderyMint {
    fn code(&self) -> String {
        secret("")
    }

    fn access(&self, authorization: &Authorization, life: Life) -> String {
        let mut claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": authorization.user_id,
            "iat": life.from.as_second(),
            "exp": life.to.as_second(),
        });
        if let Some(workspace) = authorization.project_ids.first() {
            claims["workspace"] = json!(workspace);
            claims["role"] = json!(authorization.scope);
        }
        self.0.sign(claims)
    }

    fn refresh(&self) -> String {
        secret("")
    }
}

pub(crate) fn open(place: Place) -> (Arc<Provider>, Router) {
    let clock = place.common.clock.clone();
    let signer = Arc::new(Signer::default());
    let mint = Box::new(GrinderyMint(Arc::clone(&signer)));
    let provider = Provider::new(ProviderId::Grindery, place, mint, LIFETIMES);
    let provider = Arc::new(Provider { words: WORDS, ..provider });
    let grindery =
        Arc::new(Grindery { provider: Arc::clone(&provider), signer, tickets: Tickets::new(clock) });
    let routes = Router::new()
        .merge(sign_in::router(Arc::clone(&grindery)))
        .merge(token::router(Arc::clone(&grindery)))
        .merge(rpc::router(Arc::clone(&grindery)))
        .merge(Router::new().route(KEYS_PATH, get(keys)).with_state(grindery));
    let all = housed(&provider, routes);
    (provider, all)
}

/// Its token endpoint has two error codes only, and a status for both.
const WORDS: Words = Words {
    token: || rpc::failure::Failure::bad_token().into_response(),
    grant: || Refusal::invalid_request(WHY).into_response(),
    client: || Refusal::invalid_request(WHY).into_response(),
};

async fn keys(State(grindery): State<Arc<Grindery>>) -> Response {
    reply(StatusCode::OK, &grindery.signer.key_set())
}
