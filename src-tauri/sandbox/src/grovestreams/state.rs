//! What GroveStreams keeps while it runs.

use std::sync::Arc;

use super::pending::SignIn;
use crate::provider::Provider;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct GroveStreams {
    pub(super) provider: Arc<Provider>,
    pub(super) tickets: Tickets<SignIn>,
}
