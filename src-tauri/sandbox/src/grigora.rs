//! Grigora, as its two pages describe it: OAuth (authorization code, refresh) and the API that a token opens.
//! Behavior that the documentation leaves open is marked "assumed".

mod api;
mod authorize;
pub(crate) mod constants;
mod state;
mod token;

use std::sync::Arc;

use axum::Router;

pub use constants::{
    API_BASE, APP_NAME, AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, LIFETIMES, REDIRECT_URIS, SCOPES,
    TOKEN_PATH, sandbox_app,
};

use crate::grants::RandomTokens;
use crate::options::Options;
use crate::provider::{Provider, ProviderId, ProviderSetup};
use crate::routes::with_common_routes;
use crate::sample_data::SampleData;
use crate::tickets::Tickets;
use state::Grigora;

/// The page shows the token prefixes; the code prefix is assumed.
const TOKEN_FORMAT: RandomTokens =
    RandomTokens { code_prefix: "gri_ac_", access_token_prefix: "gri_at_", refresh_token_prefix: "gri_rt_" };

pub(crate) fn build(setup: ProviderSetup, options: &Options) -> (Arc<Provider>, Router) {
    let clock = setup.shared.clock.clone();
    let provider = Provider::new(ProviderId::Grigora, setup, Box::new(TOKEN_FORMAT), options.lifetimes);
    let provider = Arc::new(Provider { apps: options.apps.clone(), ..provider });
    let grigora = Arc::new(Grigora {
        provider: Arc::clone(&provider),
        data: SampleData::new(options.posts),
        tickets: Tickets::new(clock),
    });
    let routes = Router::new()
        .merge(authorize::router(Arc::clone(&grigora)))
        .merge(token::router(Arc::clone(&grigora)))
        .nest(API_BASE, api::router(grigora));
    let all = with_common_routes(&provider, routes);
    (provider, all)
}
