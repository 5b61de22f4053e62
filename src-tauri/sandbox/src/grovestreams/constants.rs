//! GroveStreams's paths, accounts and lifetimes.

use crate::grants::Lifetimes;

/// The sign-in page, to be opened with `#signinoauth/` and the parameters after it.
pub const AUTHORIZE_PATH: &str = "/Modern/";

/// The start of the sign-in page's fragment.
pub const FRAGMENT: &str = "signinoauth/";

/// The sign-in page with the start of its fragment, as documented.
pub const SIGN_IN_ADDRESS: &str = "/Modern/#signinoauth/";

/// The form, to which the sign-in page's script takes the parameters in the query. Specific to the sandbox; a client
/// without JavaScript may open it.
pub const SIGN_IN_PATH: &str = "/Modern/signinoauth";

/// The token endpoint's path.
pub const TOKEN_PATH: &str = "/api/oauth_access_token";

/// The endpoint that issues a code for an email and a password.
pub const LOGIN_PATH: &str = "/api/oauth_login";

/// The base path of the API.
pub const API_BASE: &str = "/api";

/// The host of a branded domain, `http://brand.localhost:PORT`, which serves the same provider.
pub const BRAND_HOST: &str = "brand.localhost";

/// The brand's name.
pub const BRAND_NAME: &str = "Northwind Sensors";

/// The emails, passwords and user IDs of the accounts.
pub const ACCOUNTS: [(&str, &str, &str); 3] = [
    ("ines@harbour.example", "harbour-lights-1", "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70"),
    ("tomas.obrien-nguyen@northwind.example", "pão & çedilha %2B", "b83f0d19-5e64-4a7b-8d02-91c7a4e6f325"),
    ("misaki@sekai.example", "台所のパスワード", "d2479ec0-3a18-4f95-b6e1-7c05f8d9a216"),
];

/// The email of the first account.
pub const EMAIL: &str = ACCOUNTS[0].0;

/// The password of the first account.
pub const PASSWORD: &str = ACCOUNTS[0].1;

/// The user ID of the first account.
pub const USER_UID: &str = ACCOUNTS[0].2;

/// An hour for the code and a day for the access token are the page's; no end for the refresh token is assumed.
pub const LIFETIMES: Lifetimes = Lifetimes { code: 3600, access_token: 86_400, refresh_token: None };
