//! What Custom keeps while it runs.

use std::sync::Arc;

use super::pending::AuthorizeRequest;
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
