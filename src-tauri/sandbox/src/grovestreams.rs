//! GroveStreams, as its page describes it: a sign-in page whose parameters are in the fragment, tokens that are UUIDs,
//! and failures that come with status 200. What the page leaves open is marked "assumed" where it is decided.

mod api;
pub(crate) mod constants;
mod envelope;
mod login;
mod pending;
mod sign_in;
mod state;
mod token;
mod world;

use std::sync::Arc;

use axum::Router;

pub use constants::{
    ACCOUNTS, API_BASE, AUTHORIZE_PATH, BRAND_HOST, BRAND_NAME, EMAIL, FRAGMENT, LIFETIMES, LOGIN_PATH,
    PASSWORD, SIGN_IN_ADDRESS, SIGN_IN_PATH, TOKEN_PATH, USER_UID,
};

use crate::faults::{WHY, Words};
use crate::grants::{Authorization, Life, Mint};
use crate::provider::{Place, Provider, ProviderId};
use crate::random::uuid;
use crate::routes::housed;
use crate::tickets::Tickets;
use state::GroveStreams;

#[derive(Debug)]
struct GroveStreamsMint;

impl Mint for GroveStreamsMint {
    fn code(&self) -> String {
        uuid()
    }

    fn access(&self, _: &Authorization, _: Life) -> String {
        uuid()
    }

    fn refresh(&self) -> String {
        uuid()
    }
}

pub(crate) fn open(place: Place) -> (Arc<Provider>, Router) {
    let clock = place.common.clock.clone();
    let aliases = vec![format!("{BRAND_HOST}:{}", place.port)];
    let provider = Provider::new(ProviderId::GroveStreams, place, Box::new(GroveStreamsMint), LIFETIMES);
    let provider = Arc::new(Provider { words: WORDS, aliases, ..provider });
    let grovestreams =
        Arc::new(GroveStreams { provider: Arc::clone(&provider), tickets: Tickets::new(clock) });
    let routes = Router::new()
        .merge(sign_in::router(Arc::clone(&grovestreams)))
        .merge(token::router(Arc::clone(&grovestreams)))
        .merge(login::router(Arc::clone(&grovestreams)))
        .merge(api::router(grovestreams));
    let all = housed(&provider, routes);
    (provider, all)
}

const WORDS: Words = Words {
    token: || envelope::failed(WHY),
    grant: || envelope::failed(WHY),
    client: || envelope::failed(WHY),
};
