//! The state of Custom: what its endpoints share, and a request that waits for a decision.

use std::sync::Arc;

use crate::jwt::Signer;
use crate::provider::Provider;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct Custom {
    pub(super) provider: Arc<Provider>,
    pub(super) signer: Signer,
    pub(super) tickets: Tickets<AuthorizeRequest>,
}

impl Custom {
    /// The issuer is the origin, without a slash at its end.
    pub(super) fn issuer(&self) -> &str {
        &self.provider.origin
    }
}

/// A valid request that waits for the person's decision.
#[derive(Clone, Debug)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) app_name: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    pub(super) scopes: Vec<&'static str>,
}
