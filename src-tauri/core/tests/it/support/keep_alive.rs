//! A world with one connection that is kept alive.

use grapnel_model::connection::Details;
use grapnel_model::id::ConnectionId;
use grapnel_sandbox::{Endpoint, Fault, Times};
use jiff::SignedDuration;
use tokio::task::JoinHandle;

use crate::support::world::World;

pub(crate) struct Kept {
    pub(crate) world: World,
    pub(crate) id: ConnectionId,
    pub(crate) keeper: Keeper,
}

/// Keeps connections alive until it is dropped, like a process that ends.
pub(crate) struct Keeper(pub(crate) JoinHandle<()>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) fn keep_alive(world: &World) -> Keeper {
    let grapnel = world.grapnel.clone();
    Keeper(tokio::spawn(async move { grapnel.keep_alive().await }))
}

impl Kept {
    pub(crate) async fn new() -> Self {
        let world = World::new();
        let id = world.connect().await;
        let keeper = keep_alive(&world);
        world.clock.settled().await;
        Self { world, id, keeper }
    }

    pub(crate) fn details(&self) -> Details {
        self.world.grapnel.connection(&self.id).unwrap()
    }

    pub(crate) fn refresh_count(&self) -> u32 {
        self.details().tokens.unwrap().refresh_count
    }

    pub(crate) fn fail(&self, fault: Fault, times: impl Into<Times>) {
        self.world.sandbox.faults().set(Endpoint::TokenRefresh, fault, times).unwrap();
    }

    /// Lets time pass until the next job is due and done.
    pub(crate) async fn pass_until_due(&self) -> SignedDuration {
        let left = self.world.clock.settled().await.duration_since(self.now());
        self.world.pass(left);
        self.world.clock.settled().await;
        left
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        use grapnel_core::clock::Clock;
        self.world.clock.now()
    }
}
