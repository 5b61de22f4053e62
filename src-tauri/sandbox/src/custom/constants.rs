//! Custom's paths, scopes and lifetimes, and the app that is registered there from the start.

use crate::grants::Lifetimes;
use crate::registered_app::RegisteredApp;

/// The client id of the app that is registered from the start.
pub const CLIENT_ID: &str = "grapnel-sandbox-custom";

/// Its client secret, which protects nothing.
pub const CLIENT_SECRET: &str = "custom-secret-not-for-production";

/// Its redirect URIs. The loopback one is good for any port.
pub const REDIRECT_URIS: [&str; 3] = crate::grigora::constants::REDIRECT_URIS;

/// The scopes, and what they mean. The last two open nothing: there is no API behind them.
pub const SCOPES: [(&str, &str); 5] = [
    ("openid", "Know that it is you"),
    ("profile", "See your name"),
    ("email", "See your email address"),
    ("notes:read", "Read your notes"),
    ("notes:write", "Change your notes"),
];

/// The document of RFC 8414.
pub const METADATA_PATH: &str = "/.well-known/oauth-authorization-server";

/// The document of `OpenID` Connect Discovery.
pub const OPENID_PATH: &str = "/.well-known/openid-configuration";

/// The authorization endpoint's path. It and the rest are announced in both documents.
pub const AUTHORIZE_PATH: &str = "/authorize";

/// The token endpoint's path.
pub const TOKEN_PATH: &str = "/token";

/// The introspection endpoint's path (RFC 7662).
pub const INTROSPECTION_PATH: &str = "/introspect";

/// The revocation endpoint's path (RFC 7009).
pub const REVOCATION_PATH: &str = "/revoke";

/// The userinfo endpoint's path.
pub const USERINFO_PATH: &str = "/userinfo";

/// The path of the key that signs id tokens.
pub const KEYS_PATH: &str = "/jwks";

/// Assumed: a minute for the code, five for the access token, no end for the refresh token.
pub const LIFETIMES: Lifetimes = Lifetimes { code: 60, access_token: 300, refresh_token: None };

/// The app that is registered from the start.
#[must_use]
pub fn sandbox_app() -> RegisteredApp {
    RegisteredApp {
        id: "1".to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        name: "Sandbox App".to_owned(),
        description: "A made-up app, to try a connection with.".to_owned(),
        homepage: "https://sandbox-app.example".to_owned(),
        redirect_uris: REDIRECT_URIS.map(str::to_owned).to_vec(),
        scopes: Vec::new(),
    }
}
