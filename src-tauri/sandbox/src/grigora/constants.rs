//! Grigora's paths, scopes and lifetimes, and the app that is registered there.

use crate::grants::Lifetimes;
use crate::registered_app::RegisteredApp;

/// The client ID of the registered app.
pub const CLIENT_ID: &str = "grapnel-sandbox-app";

/// Its client secret. It protects no real data.
pub const CLIENT_SECRET: &str = "sandbox-secret-not-for-production";

/// Its name on the consent page.
pub const APP_NAME: &str = "Grapnel";

/// Its redirect URIs. The loopback URI accepts any port.
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

/// The registered app.
#[must_use]
pub fn sandbox_app() -> RegisteredApp {
    RegisteredApp {
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
