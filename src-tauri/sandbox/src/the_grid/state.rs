//! The state of The Grid: what its endpoints share, and a request that waits for a decision.

use std::sync::Arc;

use crate::provider::Provider;
use crate::the_grid::sample_data::Catalog;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct TheGrid {
    pub(super) provider: Arc<Provider>,
    pub(super) data: Catalog,
    pub(super) tickets: Tickets<Login>,
}

/// A valid request that waits for the person's decision.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) client_id: String,
    pub(super) app_name: String,
    pub(super) redirect_uri: String,
    /// The state to return; `None` with the switch `the-grid-no-state`.
    pub(super) state: Option<String>,
    /// Empty for the default access, "simple operations".
    pub(super) scopes: Vec<&'static str>,
}
