//! Custom: an ordinary provider, as the RFCs describe one, that announces all it can do. It stands for any provider
//! that a person describes by its issuer. Where the RFCs leave a choice, the choice is marked "assumed".

mod authorize;
mod client;
pub(crate) mod constants;
mod discovery;
mod introspection;
mod pending;
mod revocation;
mod state;
mod token;
mod userinfo;

use std::sync::Arc;

use axum::Router;

pub use constants::{
    AUTHORIZE_PATH, CLIENT_ID, CLIENT_SECRET, INTROSPECTION_PATH, KEYS_PATH, LIFETIMES, METADATA_PATH,
    OPENID_PATH, REDIRECT_URIS, REVOCATION_PATH, SCOPES, TOKEN_PATH, USERINFO_PATH, sandbox_app,
};

use crate::grants::{Authorization, Life, Mint};
use crate::jwt::Signer;
use crate::options::Options;
use crate::provider::{Place, Provider, ProviderId};
use crate::random::secret;
use crate::routes::housed;
use crate::tickets::Tickets;
use state::Custom;

#[derive(Debug)]
struct CustomMint;

impl Mint for CustomMint {
    fn code(&self) -> String {
        secret("")
    }

    fn access(&self, _: &Authorization, _: Life) -> String {
        secret("cus_at_")
    }

    fn refresh(&self) -> String {
        secret("cus_rt_")
    }
}

pub(crate) fn open(place: Place, options: &Options) -> (Arc<Provider>, Router) {
    let clock = place.common.clock.clone();
    let provider = Provider::new(ProviderId::Custom, place, Box::new(CustomMint), LIFETIMES);
    let provider = Arc::new(Provider { apps: options.custom_apps.clone(), ..provider });
    let custom = Arc::new(Custom {
        provider: Arc::clone(&provider),
        signer: Signer::default(),
        tickets: Tickets::new(clock),
    });
    let routes = Router::new()
        .merge(discovery::router(Arc::clone(&custom)))
        .merge(authorize::router(Arc::clone(&custom)))
        .merge(token::router(Arc::clone(&custom)))
        .merge(introspection::router(Arc::clone(&custom)))
        .merge(revocation::router(Arc::clone(&custom)))
        .merge(userinfo::router(custom));
    let all = housed(&provider, routes);
    (provider, all)
}
