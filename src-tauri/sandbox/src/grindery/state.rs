//! The state of Grindery: what its endpoints share, and a request that waits for a decision.

use std::sync::Arc;

use crate::jwt::Signer;
use crate::provider::Provider;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct Grindery {
    pub(super) provider: Arc<Provider>,
    pub(super) signer: Arc<Signer>,
    pub(super) tickets: Tickets<SignIn>,
}

/// A valid request that waits for the person's decision.
#[derive(Clone, Debug)]
pub(super) struct SignIn {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
}
