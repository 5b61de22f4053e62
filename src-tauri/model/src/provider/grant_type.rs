//! Grant types: how an app obtains tokens (RFC 6749 §1.3, RFC 8628).

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
}

impl GrantType {
    /// All grant types, in the order in which one is chosen if a provider offers several.
    pub const ALL: [Self; 3] = [Self::AuthorizationCode, Self::DeviceCode, Self::ClientCredentials];

    /// The value of the setting `grant_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::DeviceCode => "device_code",
            Self::ClientCredentials => "client_credentials",
        }
    }

    /// The value in token requests and in a provider's metadata.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::AuthorizationCode | Self::ClientCredentials => self.name(),
        }
    }

    /// The name in a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization code grant",
            Self::DeviceCode => "device authorization grant",
            Self::ClientCredentials => "client credentials grant",
        }
    }

    /// Whether a person authorizes the app, so that a connection belongs to an account.
    pub fn has_person(self) -> bool {
        self != Self::ClientCredentials
    }
}
