//! What a client authenticates with.

use std::sync::Arc;

use grapnel_model::secret::SecretString;

use crate::client_certificate::ClientCertificate;
use crate::dpop::DpopKey;
use crate::signing_key::SigningKey;

/// The client's credentials at the provider.
pub struct Credentials {
    /// The client ID.
    pub client_id: String,
    /// The client secret; `None` for a public client.
    pub client_secret: Option<SecretString>,
    /// The private key; `None` unless the client authenticates with it.
    pub private_key: Option<SigningKey>,
    /// The key that the tokens of this connection are to be bound to (DPoP).
    pub dpop: Option<Arc<DpopKey>>,
    /// The TLS certificate; `None` unless the client authenticates with it, or its tokens are bound to it.
    pub certificate: Option<Arc<ClientCertificate>>,
}
