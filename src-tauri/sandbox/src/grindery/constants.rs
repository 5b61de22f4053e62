//! Grindery's paths, names and lifetimes.

use crate::grants::Lifetimes;

/// The authorization endpoint, which forwards every parameter to the sign-in page.
pub const AUTHORIZE_PATH: &str = "/oauth/authorize";

/// The sign-in page's path.
pub const SIGN_IN_PATH: &str = "/sign-in";

/// The token endpoint's path.
pub const TOKEN_PATH: &str = "/oauth/token";

/// The JSON-RPC endpoint's path.
pub const API_PATH: &str = "/";

/// The JWK set with the key that signs access tokens. The path is assumed.
pub const KEYS_PATH: &str = "/oauth/jwks";

/// The issuer in each access token.
pub const ISSUER: &str = "urn:grindery:orchestrator";

/// The audience in each access token.
pub const AUDIENCE: &str = "urn:grindery:access-token:v1";

/// A minute for the code and an hour for the access token are the provider's; no end for the refresh token is assumed.
pub const LIFETIMES: Lifetimes = Lifetimes { code: 60, access_token: 3600, refresh_token: None };
