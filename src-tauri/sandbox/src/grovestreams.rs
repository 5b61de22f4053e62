//! GroveStreams, as its page describes it: a sign-in page whose parameters are in the fragment, tokens that are UUIDs,
//! and failures that come with status 200. Behavior that the documentation leaves open is marked "assumed".

mod api;
pub(crate) mod constants;
mod envelope;
mod login;
mod sample_data;
mod sign_in;
mod state;
mod token;

use std::sync::Arc;

use axum::Router;

pub use constants::{
    ACCOUNTS, API_BASE, AUTHORIZE_PATH, BRAND_HOST, BRAND_NAME, EMAIL, FRAGMENT, LIFETIMES, LOGIN_PATH,
    PASSWORD, SIGN_IN_ADDRESS, SIGN_IN_PATH, TOKEN_PATH, USER_UID,
};

use crate::faults::{FAULT_DESCRIPTION, RefusalReplies};
use crate::grants::{Authorization, TokenFormat, Validity};
use crate::provider::{Provider, ProviderId, ProviderSetup};
use crate::random::random_uuid;
use crate::routes::with_common_routes;
use crate::tickets::Tickets;
use state::GroveStreams;

#[derive(Debug)]
struct UuidTokens;

impl TokenFormat for UuidTokens {
    fn code(&self) -> String {
        random_uuid()
    }

    fn access_token(&self, _: &Authorization, _: Validity) -> String {
        random_uuid()
    }

    fn refresh_token(&self) -> String {
        random_uuid()
    }
}

pub(crate) fn build(setup: ProviderSetup) -> (Arc<Provider>, Router) {
    let clock = setup.shared.clock.clone();
    let aliases = vec![format!("{BRAND_HOST}:{}", setup.port)];
    let provider = Provider::new(ProviderId::GroveStreams, setup, Box::new(UuidTokens), LIFETIMES);
    let provider = Arc::new(Provider { refusals: REFUSALS, aliases, ..provider });
    let grovestreams =
        Arc::new(GroveStreams { provider: Arc::clone(&provider), tickets: Tickets::new(clock) });
    let routes = Router::new()
        .merge(sign_in::router(Arc::clone(&grovestreams)))
        .merge(token::router(Arc::clone(&grovestreams)))
        .merge(login::router(Arc::clone(&grovestreams)))
        .merge(api::router(grovestreams));
    let all = with_common_routes(&provider, routes);
    (provider, all)
}

const REFUSALS: RefusalReplies = RefusalReplies {
    token: || envelope::failed(FAULT_DESCRIPTION),
    grant: || envelope::failed(FAULT_DESCRIPTION),
    client: || envelope::failed(FAULT_DESCRIPTION),
};
