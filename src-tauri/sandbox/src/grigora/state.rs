//! The state of Grigora: what its endpoints share, and a request that waits for a decision.

use std::sync::Arc;

use crate::provider::Provider;
use crate::sample_data::SampleData;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct Grigora {
    pub(super) provider: Arc<Provider>,
    pub(super) data: SampleData,
    pub(super) tickets: Tickets<AuthorizeRequest>,
}

/// A valid request that waits for the person's decision.
#[derive(Clone, Debug)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) challenge: Option<String>,
    /// The projects ticked on the page: the requested ones, or all.
    pub(super) projects: Vec<String>,
}
