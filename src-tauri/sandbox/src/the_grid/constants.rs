//! The Grid's paths, scopes and lifetimes, and the app that is registered there.

use crate::grants::Lifetimes;
use crate::registered_app::RegisteredApp;

/// The application ID of the registered app.
pub const CLIENT_ID: &str = "grapnel-sandbox-grid";

/// Its secret. It protects no real data.
pub const CLIENT_SECRET: &str = "grid-secret-not-for-production";

/// Its callback URLs (the page mentions one for each app). The loopback URI accepts any port.
pub const REDIRECT_URIS: [&str; 3] = crate::grigora::constants::REDIRECT_URIS;

/// The login path, optionally followed by `/` and an identity provider.
pub const AUTHORIZE_PATH: &str = "/login/authorize";

/// The token endpoint's path.
pub const TOKEN_PATH: &str = "/login/authorize/token";

/// The refresh endpoint of a first-party client.
pub const REFRESH_PATH: &str = "/api/auth/token";

/// The base path of the API (the real one has a host of its own: `api.thegrid.io`).
pub const API_BASE: &str = "";

/// The identity providers and their display names.
pub const IDENTITY_PROVIDERS: [(&str, &str); 4] =
    [("facebook", "Facebook"), ("github", "GitHub"), ("google", "Google"), ("twitter", "Twitter")];

/// The scopes with their documented descriptions.
pub const SCOPES: [(&str, &str); 9] = [
    ("content_management", "Manage your content items on The Grid"),
    ("website_management", "Manage your The Grid sites and publish to them"),
    ("share", "Share new content to The Grid"),
    ("update_profile", "Update your profile information"),
    ("github", "Get access to your GitHub access token, if any"),
    (
        "github_private",
        "Get access to your GitHub access token authorized to access private repositories, if any",
    ),
    ("payment", "Make a payment on your behalf"),
    ("balance", "See your account balance and transaction history"),
    ("cta_management", "Manage your Calls to Action"),
];

/// All three are assumed. The reply does not state when the access token expires; ninety days stand for "unknown, but
/// not soon".
pub const LIFETIMES: Lifetimes = Lifetimes { code: 600, access_token: 90 * 24 * 3600, refresh_token: None };

/// The registered app.
#[must_use]
pub fn sandbox_app() -> RegisteredApp {
    RegisteredApp {
        id: CLIENT_ID.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        name: "Grapnel".to_owned(),
        description: "A made-up app, to try a connection with.".to_owned(),
        homepage: "https://sandbox-app.example".to_owned(),
        redirect_uris: REDIRECT_URIS.map(str::to_owned).to_vec(),
        scopes: Vec::new(),
    }
}
