//! Custom's paths, scopes and lifetimes, and the app that is registered there.

use crate::grants::Lifetimes;
use crate::registered_app::RegisteredApp;

/// The client ID of the registered app.
pub const CLIENT_ID: &str = "grapnel-sandbox-custom";

/// Its client secret. It protects no real data.
pub const CLIENT_SECRET: &str = "custom-secret-not-for-production";

/// Its redirect URIs. The loopback URI accepts any port.
pub const REDIRECT_URIS: [&str; 3] = crate::grigora::constants::REDIRECT_URIS;

/// The scopes and their descriptions. The last two have no API.
pub const SCOPES: [(&str, &str); 5] = [
    ("openid", "Know that it is you"),
    ("profile", "See your name"),
    ("email", "See your email address"),
    ("notes:read", "Read your notes"),
    ("notes:write", "Change your notes"),
];

/// The path of the metadata of RFC 8414.
pub const METADATA_PATH: &str = "/.well-known/oauth-authorization-server";

/// The path of the metadata of `OpenID` Connect Discovery.
pub const OPENID_PATH: &str = "/.well-known/openid-configuration";

/// The authorization endpoint's path. Both metadata documents announce it and those below.
pub const AUTHORIZE_PATH: &str = "/authorize";

/// The token endpoint's path.
pub const TOKEN_PATH: &str = "/token";

/// The device authorization endpoint's path (RFC 8628).
pub const DEVICE_AUTHORIZATION_PATH: &str = "/device_authorization";

/// The path of the page where a person enters a user code.
pub const DEVICE_PATH: &str = "/device";

/// The introspection endpoint's path (RFC 7662).
pub const INTROSPECTION_PATH: &str = "/introspect";

/// The revocation endpoint's path (RFC 7009).
pub const REVOCATION_PATH: &str = "/revoke";

/// The userinfo endpoint's path.
pub const USERINFO_PATH: &str = "/userinfo";

/// The path of the JWK set with the key that signs ID tokens.
pub const KEYS_PATH: &str = "/jwks";

/// Assumed: a minute for the code, five for the access token, no end for the refresh token.
pub const LIFETIMES: Lifetimes = Lifetimes { code: 60, access_token: 300, refresh_token: None };

/// The registered app.
#[must_use]
pub fn sandbox_app() -> RegisteredApp {
    RegisteredApp {
        id: "1".to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        name: "Grapnel".to_owned(),
        description: "A made-up app, to try a connection with.".to_owned(),
        homepage: "https://sandbox-app.example".to_owned(),
        redirect_uris: REDIRECT_URIS.map(str::to_owned).to_vec(),
        scopes: Vec::new(),
    }
}
