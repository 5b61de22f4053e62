//! The Grid, as its page of 2017 describes it: a choice of identity providers, scopes with commas, and a token reply
//! that promises nothing but an access token. What the page leaves open is marked "assumed" where it is decided.

mod api;
pub(crate) mod constants;
mod login;
mod pending;
mod refresh;
mod state;
mod token;
mod world;

use std::sync::Arc;

use axum::Router;

pub use constants::{
    API_BASE, AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, IDENTITY_PROVIDERS, LIFETIMES, REDIRECT_URIS,
    REFRESH_PATH, SCOPES, TOKEN_PATH, sandbox_app,
};

use crate::grants::{Authorization, Life, Mint};
use crate::options::Options;
use crate::provider::{Place, Provider, ProviderId};
use crate::random::secret;
use crate::routes::housed;
use crate::tickets::Tickets;
use state::TheGrid;
use world::World;

/// The looks are assumed.
#[derive(Debug)]
struct TheGridMint;

impl Mint for TheGridMint {
    fn code(&self) -> String {
        secret("")
    }

    fn access(&self, _: &Authorization, _: Life) -> String {
        secret("")
    }

    fn refresh(&self) -> String {
        secret("")
    }
}

pub(crate) fn open(place: Place, options: &Options) -> (Arc<Provider>, Router) {
    let clock = place.common.clock.clone();
    let provider = Provider::new(ProviderId::TheGrid, place, Box::new(TheGridMint), LIFETIMES);
    let provider = Arc::new(Provider { apps: options.the_grid_apps.clone(), ..provider });
    let the_grid = Arc::new(TheGrid {
        provider: Arc::clone(&provider),
        world: World::default(),
        tickets: Tickets::new(clock),
    });
    let routes = Router::new()
        .merge(login::router(Arc::clone(&the_grid)))
        .merge(token::router(Arc::clone(&the_grid)))
        .merge(refresh::router(Arc::clone(&the_grid)))
        .merge(api::router(the_grid));
    let all = housed(&provider, routes);
    (provider, all)
}
