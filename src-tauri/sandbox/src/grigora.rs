//! Grigora, as its two pages describe it: OAuth (authorization code, refresh) and the API that a token opens.
//! What the pages leave open and the sandbox had to decide is marked "assumed" where it is decided.

mod api;
mod authorize;
pub(crate) mod constants;
mod pending;
mod state;
mod token;

use std::sync::Arc;

use axum::Router;

pub use constants::{
    API_BASE, APP_NAME, AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, LIFETIMES, REDIRECT_URIS, SCOPES,
    TOKEN_PATH, sandbox_app,
};

use crate::grants::{Authorization, Life, Mint};
use crate::options::Options;
use crate::provider::{Place, Provider, ProviderId};
use crate::random::secret;
use crate::routes::housed;
use crate::tickets::Tickets;
use crate::world::World;
use state::Grigora;

/// The look of a code is assumed; that of the tokens is the page's.
#[derive(Debug)]
struct GrigoraMint;

impl Mint for GrigoraMint {
    fn code(&self) -> String {
        secret("gri_ac_")
    }

    fn access(&self, _: &Authorization, _: Life) -> String {
        secret("gri_at_")
    }

    fn refresh(&self) -> String {
        secret("gri_rt_")
    }
}

pub(crate) fn open(place: Place, options: &Options) -> (Arc<Provider>, Router) {
    let clock = place.common.clock.clone();
    let provider = Provider::new(ProviderId::Grigora, place, Box::new(GrigoraMint), options.lifetimes);
    let provider = Arc::new(Provider { apps: options.apps.clone(), ..provider });
    let grigora = Arc::new(Grigora {
        provider: Arc::clone(&provider),
        world: World::new(options.posts),
        tickets: Tickets::new(clock),
    });
    let routes = Router::new()
        .merge(authorize::router(Arc::clone(&grigora)))
        .merge(token::router(Arc::clone(&grigora)))
        .nest(API_BASE, api::router(grigora));
    let all = housed(&provider, routes);
    (provider, all)
}
