//! The state of GroveStreams: what its endpoints share, and a request that waits for a decision.

use std::sync::Arc;

use crate::provider::Provider;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct GroveStreams {
    pub(super) provider: Arc<Provider>,
    pub(super) tickets: Tickets<SignIn>,
}

/// A valid request that waits for the person's decision.
#[derive(Clone, Debug)]
pub(super) struct SignIn {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) email: Option<String>,
}
