//! Grigora, as its two pages describe it: OAuth (authorization code, refresh) and the API that a token opens.
//! What the pages leave open and the sandbox had to decide is marked "assumed" where it is decided.

mod api;
mod authorize;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use crate::apps::App;
use crate::clock::Clock;
use crate::departures::Departures;
use crate::faults::Faults;
use crate::grants::{Grants, Lifetimes, Mint};
use crate::provider::{ConsentSwitch, Provider};
use crate::random::secret;
use crate::revealed::Reveal;
use crate::sandbox::Options;
use crate::world::World;
use crate::{control, guard};

/// The client id of the app that is registered from the start.
pub const CLIENT_ID: &str = "grapnel-sandbox-app";
/// Its client secret, which protects nothing.
pub const CLIENT_SECRET: &str = "sandbox-secret-not-for-production";
/// Its name on the consent page.
pub const APP_NAME: &str = "Sandbox App";
/// Its redirect URIs. The loopback one is good for any port.
pub const REDIRECT_URIS: [&str; 3] = [
    "dev.grapnel.desktop:/oauth/callback",
    "dev.grapnel.desktop://oauth/callback",
    "http://127.0.0.1/callback",
];
/// Its scopes. The pages name the first two; the third is seeded.
pub const SCOPES: [&str; 3] = ["cms:post:read", "directory:items:read", "project:details:read"];
/// The authorization endpoint's path (on the real provider's own host: `build.grigora.co`).
pub const AUTHORIZE_PATH: &str = "/oauth/authorize";
/// The token endpoint's path (`api.grigora.co`).
pub const TOKEN_PATH: &str = "/general/oauth/token";
/// The base path of the API (`api.grigora.co`).
pub const API_BASE: &str = "/general/api/v1";

/// An hour for the access token is the page's; ten minutes for the code (RFC 6749 §4.1.2) and no end for the refresh
/// token are assumed.
pub const LIFETIMES: Lifetimes = Lifetimes { code: 600, access_token: 3600, refresh_token: None };

/// The look of a code is assumed; that of the tokens is the page's.
const MINT: Mint =
    Mint { code: || secret("gri_ac_"), access: || secret("gri_at_"), refresh: || secret("gri_rt_") };

/// The app that is registered from the start.
#[must_use]
pub fn sandbox_app() -> App {
    App {
        id: "42".to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        name: APP_NAME.to_owned(),
        description: "A made-up app, to try a connection with.".to_owned(),
        homepage: "https://sandbox-app.example".to_owned(),
        redirect_uris: REDIRECT_URIS.map(str::to_owned).to_vec(),
        scopes: SCOPES.map(str::to_owned).to_vec(),
    }
}

#[derive(Debug)]
pub(crate) struct Grigora {
    pub(crate) provider: Arc<Provider>,
    world: World,
    tickets: authorize::Tickets,
}

impl Grigora {
    pub(crate) fn new(port: u16, options: Options) -> Self {
        let clock = Clock::default();
        let reveal = Reveal::new(options.reveal);
        let provider = Provider {
            name: "grigora",
            origin: format!("http://127.0.0.1:{port}"),
            apps: options.apps,
            departures: Departures::new(clock.clone()),
            faults: Faults::default(),
            grants: Grants::new(clock.clone(), reveal.clone(), MINT, options.lifetimes),
            consent: ConsentSwitch::new(options.consent),
            clock: clock.clone(),
            reveal,
        };
        Self {
            provider: Arc::new(provider),
            world: World::new(options.posts),
            tickets: authorize::Tickets::new(clock),
        }
    }
}

pub(crate) fn router(grigora: Arc<Grigora>) -> Router {
    let provider = Arc::clone(&grigora.provider);
    Router::new()
        .merge(authorize::router(Arc::clone(&grigora)))
        .merge(token::router(Arc::clone(&grigora)))
        .nest(API_BASE, api::router(grigora))
        .nest("/_sandbox", control::router(Arc::clone(&provider)))
        // Browsers ask for it by themselves: no departure.
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .fallback(guard::unknown_path)
        .method_not_allowed_fallback(guard::wrong_method)
        .layer(from_fn_with_state(Arc::clone(&provider), guard::host))
        .layer(from_fn_with_state(Arc::clone(&provider), guard::date))
        .with_state(provider)
}
