//! Custom: an ordinary provider, as the RFCs describe one, that announces all it can do. It stands for any provider
//! that a person describes by its issuer. Choices that the RFCs leave open are marked "assumed".

mod authorize;
mod client;
pub(crate) mod constants;
mod device;
mod discovery;
mod exchange;
mod introspection;
mod revocation;
mod state;
mod token;
mod userinfo;

use std::sync::Arc;

use axum::Router;
use parking_lot::Mutex;

pub use constants::{
    AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, DEVICE_AUTHORIZATION_PATH, DEVICE_PATH, INTROSPECTION_PATH,
    KEYS_PATH, LIFETIMES, METADATA_PATH, OPENID_PATH, REDIRECT_URIS, REVOCATION_PATH, SCOPES, TOKEN_PATH,
    USERINFO_PATH, sandbox_app,
};

use crate::grants::RandomTokens;
use crate::jwt::Signer;
use crate::options::Options;
use crate::provider::{Provider, ProviderId, ProviderSetup};
use crate::routes::with_common_routes;
use crate::tickets::Tickets;
use state::Custom;

const TOKEN_FORMAT: RandomTokens =
    RandomTokens { code_prefix: "", access_token_prefix: "cus_at_", refresh_token_prefix: "cus_rt_" };

pub(crate) fn build(setup: ProviderSetup, options: &Options) -> (Arc<Provider>, Router) {
    let clock = setup.shared.clock.clone();
    let provider = Provider::new(ProviderId::Custom, setup, Box::new(TOKEN_FORMAT), LIFETIMES);
    let provider = Arc::new(Provider { apps: options.custom_apps.clone(), ..provider });
    let custom = Arc::new(Custom {
        provider: Arc::clone(&provider),
        signer: Signer::default(),
        tickets: Tickets::new(clock.clone()),
        device_tickets: Tickets::new(clock),
        devices: Mutex::default(),
    });
    let routes = Router::new()
        .merge(discovery::router(Arc::clone(&custom)))
        .merge(authorize::router(Arc::clone(&custom)))
        .merge(device::router(Arc::clone(&custom)))
        .merge(token::router(Arc::clone(&custom)))
        .merge(introspection::router(Arc::clone(&custom)))
        .merge(revocation::router(Arc::clone(&custom)))
        .merge(userinfo::router(custom));
    let all = with_common_routes(&provider, routes);
    (provider, all)
}
