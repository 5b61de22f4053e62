//! How a client comes to be known to an issuer without a person who registers it: dynamic registration (RFC 7591), or a
//! client ID that is the URL of the client's metadata (draft-ietf-oauth-client-id-metadata-document).

use serde::{Deserialize, Serialize};

use super::metadata::Metadata;

/// What an issuer offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RegistrationOffer {
    /// The client authentication to register a new client with, such as `none` for a public client; `None` if the
    /// issuer has no registration endpoint, or none that Grapnel supports.
    pub auth_method: Option<String>,
    /// Whether the URL of a client ID metadata document is accepted as client ID.
    pub takes_metadata_url: bool,
}

/// The client authentication methods, the preferred one first. A native app keeps no secret from its owner, so it is a
/// public client where that is possible (RFC 8252 §8.4).
const METHODS: &[&str] = &[
    "none",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "client_secret_jwt",
    "self_signed_tls_client_auth",
];

impl RegistrationOffer {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let announced = metadata.list("token_endpoint_auth_methods_supported");
        // The default is HTTP Basic (RFC 8414 §2).
        let method = if announced.is_empty() {
            Some("client_secret_basic")
        } else {
            METHODS.iter().copied().find(|method| announced.contains(method))
        };
        let method = method.filter(|_| metadata.endpoint("registration_endpoint").is_some());
        Self {
            auth_method: method.map(str::to_owned),
            takes_metadata_url: metadata.is_set("client_id_metadata_document_supported"),
        }
    }
}
