//! Grindery: sign-in with a wallet, no client identity at all, and a JSON-RPC API. Its page is short; the rest is what
//! the provider's published code does. What neither says is marked "assumed" where it is decided.

mod rpc;
mod sign_in;
mod token;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use crate::faults::{WHY, Words};
use crate::grants::{Authorization, Life, Lifetimes, Mint};
use crate::jwt::Signer;
use crate::provider::{Place, Provider, ProviderId, housed};
use crate::random::secret;
use crate::refusal::{Refusal, reply};
use crate::tickets::Tickets;

/// The authorization endpoint, which passes every parameter on to the sign-in page of the day.
pub const AUTHORIZE_PATH: &str = "/oauth/authorize";
/// The sign-in page of the day.
pub const SIGN_IN_PATH: &str = "/sign-in";
/// The token endpoint's path.
pub const TOKEN_PATH: &str = "/oauth/token";
/// The JSON-RPC endpoint's path.
pub const API_PATH: &str = "/";
/// Where the key is that signs access tokens. The path is assumed.
pub const KEYS_PATH: &str = "/oauth/jwks";
/// The issuer in each access token.
pub const ISSUER: &str = "urn:grindery:orchestrator";
/// The audience in each access token.
pub const AUDIENCE: &str = "urn:grindery:access-token:v1";

/// A minute for the code and an hour for the access token are the provider's; no end for the refresh token is assumed.
pub const LIFETIMES: Lifetimes = Lifetimes { code: 60, access_token: 3600, refresh_token: None };

#[derive(Debug)]
struct Grindery {
    provider: Arc<Provider>,
    signer: Arc<Signer>,
    tickets: Tickets<sign_in::SignIn>,
}

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
    token: || rpc::Failure::bad_token().into_response(),
    grant: || Refusal::invalid_request(WHY).into_response(),
    client: || Refusal::invalid_request(WHY).into_response(),
};

async fn keys(State(grindery): State<Arc<Grindery>>) -> Response {
    reply(StatusCode::OK, &grindery.signer.key_set())
}
