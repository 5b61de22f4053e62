//! After a provider recovers, each waiting connection retries once, at most once a minute; connections of other
//! providers keep waiting.

use std::time::Duration;

use grapnel_core::app::NewApp;
use grapnel_core::authorize::SignInRequest;
use grapnel_model::connection::State;
use grapnel_model::id::ConnectionId;
use grapnel_sandbox::{Endpoint, Fault, Options, ProviderId, Times};
use jiff::SignedDuration;

use crate::support::keep_alive::{Keeper, keep_alive};
use crate::support::world::World;

/// After this many failures the next retry is more than minutes away.
const MANY: usize = 14;
/// More than the number of requests.
const ALWAYS: u32 = 10_000;

/// Two providers, each with two connections in a long back-off.
struct Waiting {
    world: World,
    here: [ConnectionId; 2],
    there: [ConnectionId; 2],
    _keeper: Keeper,
}

const HERE: ProviderId = ProviderId::Grigora;
const THERE: ProviderId = ProviderId::Grindery;

impl Waiting {
    async fn new() -> Self {
        let mut world = World::with(Options { providers: vec![HERE, THERE], ..Options::only(HERE) });
        let here = two(&mut world, HERE).await;
        let there = two(&mut world, THERE).await;
        let keeper = keep_alive(&world);
        let waiting = Self { world, here, there, _keeper: keeper };
        waiting.fail(HERE, 0);
        waiting.fail(THERE, 0);
        for id in waiting.here.iter().chain(&waiting.there) {
            for _ in 0..MANY {
                waiting.world.grapnel.refresh(id).await.unwrap_err();
            }
        }
        // Short retries between those attempts are past, and no recent failure answers a new attempt.
        waiting.world.pass(SignedDuration::from_secs(3));
        waiting.world.clock.settled().await;
        waiting
    }

    /// From now on this provider responds to `good` requests and then fails.
    fn fail(&self, provider: ProviderId, good: u32) {
        let faults = self.world.sandbox.faults();
        let others: Vec<_> =
            faults.planned().into_iter().filter(|planned| planned.provider != Some(provider)).collect();
        faults.clear();
        for planned in others {
            faults.plan(planned).unwrap();
        }
        if good > 0 {
            let fine = Fault::Slow(Duration::ZERO);
            faults.set_at(provider, Endpoint::TokenRefresh, fine, good).unwrap();
        }
        faults.set_at(provider, Endpoint::TokenRefresh, Fault::ServerError(503), ALWAYS).unwrap();
    }

    /// The number of failures since [`Self::fail`] was last called.
    fn failed(&self, provider: ProviderId) -> u32 {
        let planned = self.world.sandbox.faults().planned();
        let left = planned
            .iter()
            .find(|planned| planned.provider == Some(provider) && planned.fault == Fault::ServerError(503));
        match left.map(|planned| planned.times) {
            Some(Times::Next(left)) => ALWAYS - left,
            other => panic!("{other:?}"),
        }
    }

    /// A person refreshes this connection, the only one that the provider responds to.
    async fn is_back_for(&self, provider: ProviderId, id: &ConnectionId) {
        self.fail(provider, 1);
        self.world.grapnel.refresh(id).await.unwrap();
    }

    async fn until(&self, so: impl Fn() -> bool) {
        let mut events = self.world.grapnel.events();
        while !so() {
            events.recv().await.unwrap();
        }
    }

    fn is_retrying(&self, id: &ConnectionId) -> bool {
        self.world.grapnel.connection(id).unwrap().summary.state == State::Retrying
    }
}

async fn two(world: &mut World, provider: ProviderId) -> [ConnectionId; 2] {
    world.provider = provider;
    let new = NewApp { name: provider.title().into(), ..world.new_app() };
    let app = world.grapnel.add_app(new).await.unwrap();
    let mut made = Vec::new();
    for _ in 0..2 {
        let attempt = world.grapnel.start_attempt(&app.id, &SignInRequest::default()).await.unwrap();
        let callback = world.visit(&attempt.id).await;
        world.grapnel.receive_callback(&callback).await.unwrap();
        made.push(world.grapnel.attempt(&attempt.id).unwrap().connection_id.unwrap());
    }
    made.try_into().unwrap()
}

#[tokio::test]
async fn connections_of_other_providers_keep_waiting() {
    let waiting = Waiting::new().await;
    let before = waiting.failed(THERE);
    waiting.fail(HERE, 2);
    waiting.world.grapnel.refresh(&waiting.here[0]).await.unwrap();
    waiting.until(|| !waiting.is_retrying(&waiting.here[1])).await;
    assert!(waiting.there.iter().all(|id| waiting.is_retrying(id)));
    assert_eq!(waiting.failed(THERE), before, "the other one was asked");

    waiting.fail(THERE, 2);
    waiting.world.grapnel.refresh(&waiting.there[0]).await.unwrap();
    waiting.until(|| !waiting.is_retrying(&waiting.there[1])).await;
    assert_eq!(waiting.failed(THERE), 0, "each asked once");
}

/// A provider that alternates between success and failure.
#[tokio::test]
async fn a_provider_recovers_at_most_once_a_minute() {
    let waiting = Waiting::new().await;
    let [lucky, unlucky] = &waiting.here;
    let retry_at = || waiting.world.grapnel.connection(unlucky).unwrap().summary.retry_at;

    let before = retry_at();
    waiting.is_back_for(HERE, lucky).await;
    waiting.until(|| retry_at() != before).await;
    assert_eq!(waiting.failed(HERE), 1, "asked once, in vain");

    // Within that minute it fails and recovers again.
    waiting.world.pass(SignedDuration::from_secs(20));
    waiting.world.grapnel.refresh(lucky).await.unwrap_err();
    let before = retry_at();
    waiting.is_back_for(HERE, lucky).await;
    waiting.world.clock.settled().await;
    assert_eq!((waiting.failed(HERE), retry_at()), (0, before), "asked again at once");

    // And after it.
    waiting.world.pass(SignedDuration::from_secs(50));
    waiting.world.clock.settled().await;
    waiting.world.grapnel.refresh(lucky).await.unwrap_err();
    assert_eq!(waiting.failed(HERE), 1, "the one that the person asked for");
    let before = retry_at();
    waiting.is_back_for(HERE, lucky).await;
    waiting.until(|| retry_at() != before).await;
    assert_eq!(waiting.failed(HERE), 1, "asked once more");
}
