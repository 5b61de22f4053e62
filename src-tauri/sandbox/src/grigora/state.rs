//! What Grigora keeps while it runs.

use std::sync::Arc;

use super::pending::AuthorizeRequest;
use crate::provider::Provider;
use crate::tickets::Tickets;
use crate::world::World;

#[derive(Debug)]
pub(super) struct Grigora {
    pub(super) provider: Arc<Provider>,
    pub(super) world: World,
    pub(super) tickets: Tickets<AuthorizeRequest>,
}
