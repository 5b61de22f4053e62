//! Grant types: how an app obtains tokens (RFC 6749 §1.3, RFC 8628, RFC 7523).

use serde::{Deserialize, Serialize};

/// How an app obtains tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A person signs in in the browser, and the callback has a code (RFC 6749 §4.1).
    #[default]
    AuthorizationCode,
    /// A person enters a code on another device, while the client polls (RFC 8628).
    DeviceCode,
    /// The client obtains tokens for itself, without a person (RFC 6749 §4.4).
    ClientCredentials,
    /// The client obtains tokens with a JWT that it signs, such as a service account does (RFC 7523 §2.1).
    JwtBearer,
}

impl GrantType {
    /// All grant types, in the order in which one is chosen if a provider offers several.
    pub const ALL: [Self; 4] =
        [Self::AuthorizationCode, Self::DeviceCode, Self::ClientCredentials, Self::JwtBearer];

    /// The value of the setting `grant_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::DeviceCode => "device_code",
            Self::ClientCredentials => "client_credentials",
            Self::JwtBearer => "jwt_bearer",
        }
    }

    /// The value in token requests and in a provider's metadata.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::AuthorizationCode | Self::ClientCredentials => self.name(),
        }
    }

    /// The name in a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization code grant",
            Self::DeviceCode => "device authorization grant",
            Self::ClientCredentials => "client credentials grant",
            Self::JwtBearer => "JWT bearer grant",
        }
    }

    /// Whether a person authorizes the app, so that a connection belongs to an account.
    pub fn has_person(self) -> bool {
        !matches!(self, Self::ClientCredentials | Self::JwtBearer)
    }
}
