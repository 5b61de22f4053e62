//! The account of a connection, and what the provider says about the authorization.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::provider_text::clean;

/// The account that authorized a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Account {
    /// The provider's ID of the account.
    pub id: String,
    /// The person's name at the provider; may be empty.
    pub name: String,
    /// The email address, if the provider returns it.
    pub email: Option<String>,
    /// The issuer of the ID (`iss` of OpenID Connect), if known.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The user name for signing in, if the provider returns it.
    #[serde(default)]
    pub username: Option<String>,
}

impl Account {
    /// Whether two accounts are the same: equal IDs, and equal issuers if both have one. Names and addresses may
    /// change.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same_issuer = match (&self.issuer, &other.issuer) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        is_same_issuer && self.id == other.id
    }

    /// The account's display name.
    pub fn label(&self) -> String {
        let email = self.email.as_deref().map(|email| format!("<{email}>")).unwrap_or_default();
        let parts = [self.name.as_str(), &email].into_iter().filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.collect();
        if parts.is_empty() { clean(&self.id, &[]) } else { parts.join(" ") }
    }

    /// The value for the `login_hint` parameter.
    pub fn login_hint(&self) -> Option<&str> {
        self.email.as_deref().or(self.username.as_deref())
    }

    /// Adds the name, address and user name of `other` where this account has none.
    #[must_use]
    pub fn filled_from(self, other: Self) -> Self {
        Self {
            name: if self.name.is_empty() { other.name } else { self.name },
            email: self.email.or(other.email),
            username: self.username.or(other.username),
            ..self
        }
    }
}

/// The application (client) as the provider describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Application {
    /// The provider's ID of the application.
    pub id: String,
    /// Its display name.
    pub display_name: String,
    /// Its description.
    pub description: Option<String>,
    /// Its home page.
    pub homepage: Option<String>,
}

/// The authorization as the provider's introspection reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Authorization {
    /// The provider's ID of the authorization.
    pub id: String,
    /// Whether the provider accepts the access token now.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// The client that the token was issued to.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The account's user name.
    #[serde(default)]
    pub username: Option<String>,
    /// The account's ID.
    #[serde(default)]
    pub sub: Option<String>,
    /// When it was granted, as the provider writes it.
    pub created_on: Option<String>,
    /// When the access token expires, if the provider says so.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// How it was granted, such as `authorization_code`.
    pub grant_type: Option<String>,
    /// The scopes that are granted now.
    pub scopes: Vec<String>,
    /// The projects that are granted now.
    pub project_ids: Vec<String>,
}

/// The default for records of earlier versions, which stored active authorizations only.
fn yes() -> bool {
    true
}

/// A member of a response that Grapnel has no field for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Field {
    /// Its name in the response.
    pub name: String,
    /// Its value: a string as it is, anything else as JSON.
    pub value: String,
}

/// A decoded JWT, without its signature's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Claims {
    /// Members of the header: `alg`, `kid` and `typ`.
    #[serde(default)]
    pub header: Vec<Field>,
    /// The claims.
    pub fields: Vec<Field>,
    /// Whether the signature was verified with the provider's keys.
    pub is_verified: bool,
    /// Why the signature was not verified, or is wrong.
    #[serde(default)]
    pub unverified_because: Option<String>,
    /// The signature; `None` in a record of an earlier version.
    #[serde(default)]
    pub signature: Option<Signature>,
}

/// What is known of a JWT's signature. Its value is part of the token and is never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Signature {
    /// Its length in bytes; 0 if the token has none.
    pub bytes: u32,
    /// The ID of the key that it was verified with, if that key has one.
    pub key_id: Option<String>,
    /// Why it is not verified; `None` if it is.
    pub unverified: Option<Unverified>,
}

/// Why the signature of a JWT is not verified. Keys come from the app's JWKS URL only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Unverified {
    /// There is no address to get keys from.
    #[error("the app has no JWKS URL")]
    NoKeysUrl,
    /// The keys could not be fetched or parsed.
    #[error("the keys at the JWKS URL could not be read: {detail}")]
    KeysUnreadable {
        /// What went wrong.
        detail: String,
    },
    /// The token's algorithm is `none`.
    #[error("it is not signed (alg none)")]
    NotSigned,
    /// The algorithm is symmetric.
    #[error("{alg} signs with a shared secret, which Grapnel does not check")]
    SharedSecret {
        /// The algorithm.
        alg: String,
    },
    /// Grapnel cannot verify signatures of this algorithm.
    #[error("{alg} is not supported by Grapnel")]
    Unsupported {
        /// The algorithm.
        alg: String,
    },
    /// The header has `crit` (RFC 7515 §4.1.11).
    #[error("its header demands extensions (crit) that Grapnel does not support")]
    Critical,
    /// No key has the ID in the token's header.
    #[error("the issuer publishes no key “{kid}” for {alg}")]
    NoSuchKey {
        /// The ID.
        kid: String,
        /// The algorithm.
        alg: String,
    },
    /// No key suits the algorithm.
    #[error("the issuer publishes no key for {alg}")]
    NoKey {
        /// The algorithm.
        alg: String,
    },
    /// It was made with another key, or for another content.
    #[error("the signature does not match the issuer’s key")]
    BadSignature,
    /// It came with a refresh, straight from the token endpoint, or with an imported file.
    #[error("the issuer’s keys were not fetched for it")]
    KeysNotFetched,
    /// Nobody but the provider relies on the token, so no keys were fetched.
    #[error("only the provider reads a refresh token")]
    NotChecked,
}
