//! What The Grid keeps while it runs.

use std::sync::Arc;

use super::pending::Login;
use crate::provider::Provider;
use crate::the_grid::world::World;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct TheGrid {
    pub(super) provider: Arc<Provider>,
    pub(super) world: World,
    pub(super) tickets: Tickets<Login>,
}
