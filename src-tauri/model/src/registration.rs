//! What is known of a client that Grapnel registered at its provider (RFC 7591).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The registration of an app's client, without its access token, which is in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Registration {
    /// The client ID that it is for. An app whose client ID was changed since has no registration.
    pub client_id: String,
    /// The registration endpoint.
    pub endpoint: String,
    /// The client configuration endpoint (RFC 7592), if the provider has one for this client.
    pub client_uri: Option<String>,
    /// The client authentication that it was registered with, such as `client_secret_basic`.
    pub auth_method: String,
    /// When the client was registered.
    pub registered_at: Timestamp,
    /// When its client secret expires, if it does.
    pub secret_expires_at: Option<Timestamp>,
    /// The expiry that the person was notified of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified_secret_end: Option<Timestamp>,
}

/// A member that the provider registered differently than it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RegistrationChange {
    /// Its name, such as `redirect_uris`.
    pub member: String,
    /// What was asked for.
    pub asked: String,
    /// What is registered; empty for nothing.
    pub registered: String,
}
