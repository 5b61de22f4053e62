//! The Grid, as its page of 2017 describes it: a choice of identity providers, scopes with commas, and a token reply
//! that promises nothing but an access token. Behavior that the documentation leaves open is marked "assumed".

mod api;
pub(crate) mod constants;
mod login;
mod refresh;
mod sample_data;
mod state;
mod token;

use std::sync::Arc;

use axum::Router;

pub use constants::{
    API_BASE, AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, IDENTITY_PROVIDERS, LIFETIMES, REDIRECT_URIS,
    REFRESH_PATH, SCOPES, TOKEN_PATH, sandbox_app,
};

use crate::grants::RandomTokens;
use crate::options::Options;
use crate::provider::{Provider, ProviderId, ProviderSetup};
use crate::routes::with_common_routes;
use crate::tickets::Tickets;
use sample_data::Catalog;
use state::TheGrid;

/// The formats are assumed.
const TOKEN_FORMAT: RandomTokens =
    RandomTokens { code_prefix: "", access_token_prefix: "", refresh_token_prefix: "" };

pub(crate) fn build(setup: ProviderSetup, options: &Options) -> (Arc<Provider>, Router) {
    let clock = setup.shared.clock.clone();
    let provider = Provider::new(ProviderId::TheGrid, setup, Box::new(TOKEN_FORMAT), LIFETIMES);
    let provider = Arc::new(Provider { apps: options.the_grid_apps.clone(), ..provider });
    let the_grid = Arc::new(TheGrid {
        provider: Arc::clone(&provider),
        data: Catalog::default(),
        tickets: Tickets::new(clock),
    });
    let routes = Router::new()
        .merge(login::router(Arc::clone(&the_grid)))
        .merge(token::router(Arc::clone(&the_grid)))
        .merge(refresh::router(Arc::clone(&the_grid)))
        .merge(api::router(the_grid));
    let all = with_common_routes(&provider, routes);
    (provider, all)
}
