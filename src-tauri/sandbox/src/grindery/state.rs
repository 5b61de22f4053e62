//! What Grindery keeps while it runs.

use std::sync::Arc;

use super::pending::SignIn;
use crate::jwt::Signer;
use crate::provider::Provider;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(super) struct Grindery {
    pub(super) provider: Arc<Provider>,
    pub(super) signer: Arc<Signer>,
    pub(super) tickets: Tickets<SignIn>,
}
