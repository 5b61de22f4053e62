//! Many connections at several providers whose tokens expire in the same second, while every tenth token request fails.
//! Each connection is refreshed or shows the true reason why it was not, no provider gets more concurrent requests than
//! guaranteed, and no provider delays another. The duration is printed next to that of a plain HTTP client.

mod consistency;
mod event_listener;
mod floor;
mod throughput;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use grapnel_core::Grapnel;
use grapnel_core::clock::Clock;
use grapnel_model::connection::{State, Summary};
use grapnel_model::id::ConnectionId;
use grapnel_model::secret::ExposeSecret;
use grapnel_sandbox::{Endpoint, Fault, Lifetimes, ProviderId};
use tokio::task::JoinHandle;

use crate::world::World;
use consistency::{Connected, SPARED, StormCounts};
use event_listener::Hearing;
use throughput::{MAX_BACKGROUND_REQUESTS, Pace};

/// The providers of the sandbox that issue refresh tokens by default: two kinds of rotation, four request formats.
const PROVIDERS: [ProviderId; 4] =
    [ProviderId::Grigora, ProviderId::Grindery, ProviderId::GroveStreams, ProviderId::Custom];
/// The lifetime of every access token in seconds, which is also the time after which all have expired.
const LIFE: u64 = 3600;
const HOUR: i64 = 3700;
/// The latency of the providers in the first round. Without it no two requests would be concurrent, limit or no limit.
const AWAY: Duration = Duration::from_millis(20);
/// The faults of the failing requests, in turn.
const FAULTS: [Fault; 6] = [
    Fault::ServerError(500),
    Fault::TooMany(30),
    Fault::LostReply,
    Fault::InvalidGrant,
    Fault::ServerError(503),
    Fault::CutOff,
];
/// One request in this number fails.
const ONE_OF: u32 = 10;
/// A task that is aborted when this is dropped.
struct Keeper(JoinHandle<()>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Storm {
    world: World,
    grapnel: Grapnel,
    connected: HashMap<ConnectionId, Connected>,
    hearing: Hearing,
}

pub(crate) async fn prove(count: usize) -> Result<()> {
    let world = World::of(&PROVIDERS)?;
    let connected = Box::pin(connect(&world, count)).await?;
    // A fresh start of the program, as on a day when every connection is due.
    let grapnel = world.open()?;
    let hearing = Hearing::of(&grapnel);
    let mut storm = Storm { world, grapnel, connected, hearing };

    println!(
        "{count} connections due in the same second, {} ms away, every tenth request fails",
        AWAY.as_millis()
    );
    storm.plan_faults(count)?;
    let away = storm.round(AWAY).await?;
    let first = storm.judge().await?;
    let leaps = storm.leap_until_nothing_is_tried_again().await?;
    let last = storm.judge().await?;
    storm.count_requests()?;
    storm.world.sandbox.faults().clear();
    let near = storm.round(Duration::ZERO).await?;
    let again = storm.judge().await?;

    throughput::report(&away, &floor::run(&storm.world, &away, AWAY).await?);
    first.report("when each was tried once");
    last.report(&format!("when nothing was to be tried again ({leaps} times)"));
    println!("\nan hour later, all due again, answered at once, and nothing fails");
    throughput::report(&near, &floor::run(&storm.world, &near, Duration::ZERO).await?);
    again.report("when each was tried once");
    println!("secrets looked for in every file, and not found: {}", storm.world.scan()?);
    for counts in [&first, &last, &again] {
        ensure!(counts.untrue.is_empty(), "{} connections are not what they say", counts.untrue.len());
    }
    ensure!(last.retrying == 0 && again.active == last.active, "not all that could be were refreshed");
    throughput::ensure_promised(&away)?;
    throughput::ensure_promised(&near)
}

/// Signs in at all providers concurrently.
async fn connect(world: &World, count: usize) -> Result<HashMap<ConnectionId, Connected>> {
    let grapnel = world.open()?;
    let share = |number| count / PROVIDERS.len() + usize::from(number < count % PROVIDERS.len());
    let [one, two, three, four] =
        [0, 1, 2, 3].map(|number| connect_at(world, &grapnel, PROVIDERS[number], share(number)));
    let (one, two, three, four) = tokio::try_join!(one, two, three, four)?;
    Ok(one.into_iter().chain(two).chain(three).chain(four).collect())
}

async fn connect_at(
    world: &World,
    grapnel: &Grapnel,
    provider: ProviderId,
    count: usize,
) -> Result<Vec<(ConnectionId, Connected)>> {
    let grants = world.sandbox.grants(provider);
    grants.set_lifetimes(Lifetimes { access_token: LIFE, ..grants.lifetimes() });
    let app = world.add_app_at(provider, grapnel).await?;
    let mut connected = Vec::new();
    for _ in 0..count {
        let id = world.sign_in(grapnel, &app, None).await?;
        let token = grapnel.token(&id, Duration::ZERO).await?.value;
        connected.push((id, Connected { provider, token }));
    }
    Ok(connected)
}

impl Storm {
    /// Plans faults of several kinds for every tenth token request of each provider.
    fn plan_faults(&self, count: usize) -> Result<()> {
        let faults = self.world.sandbox.faults();
        for (offset, provider) in PROVIDERS.into_iter().enumerate() {
            // More than there will be requests, since failed ones are repeated.
            for number in 0..count.div_ceil(PROVIDERS.len()) / 5 {
                let fault = FAULTS[(number + offset) % FAULTS.len()].clone();
                faults.set_at(provider, Endpoint::TokenRefresh, SPARED, ONE_OF - 1)?;
                faults.set_at(provider, Endpoint::TokenRefresh, fault, 1)?;
            }
        }
        Ok(())
    }

    /// Lets all tokens expire at once, and waits until each connection was tried. Retries that fall due meanwhile are
    /// made too.
    async fn round(&mut self, latency: Duration) -> Result<Vec<Pace>> {
        for provider in PROVIDERS {
            self.world.sandbox.set_token_latency(provider, latency);
            self.world.sandbox.reset_token_requests(provider);
        }
        let all = self.grapnel.connections()?;
        let due: Vec<_> = all.into_iter().filter(|one| one.state != State::ReconnectNeeded).collect();
        self.hearing.begin();
        let began = Instant::now();
        let _keeper = self.keep_alive();
        self.world.pass(HOUR);
        self.hearing.until_ended(due.len()).await?;
        let paces = PROVIDERS.map(|provider| {
            let mine = due.iter().filter(|one| self.connected[&one.id].provider == provider);
            let ended = mine.filter_map(|one| self.hearing.ended(&one.id));
            Pace::new(
                provider,
                ended.map(|end| end - began).collect(),
                self.world.sandbox.token_requests(provider),
            )
        });
        Ok(paces.into())
    }

    /// Keeps all connections refreshed until the returned value is dropped.
    fn keep_alive(&self) -> Keeper {
        let grapnel = self.grapnel.clone();
        Keeper(tokio::spawn(async move { grapnel.keep_alive().await }))
    }

    /// Waits until no refresh is in flight or due.
    async fn rest(&mut self) -> Result<Vec<Summary>> {
        loop {
            let all = self.grapnel.connections()?;
            let now = self.world.clock.now();
            let is_due = |one: &Summary| match one.state {
                State::Expired | State::Refreshing => true,
                State::Retrying => one.retry_at.is_none_or(|at| at <= now),
                _ => false,
            };
            // Events since then are not in the list that was read.
            if self.hearing.catch_up()? {
                continue;
            }
            if self.hearing.is_quiet() && !all.iter().any(is_due) {
                return Ok(all);
            }
            self.hearing.next().await?;
        }
    }

    /// Advances the clock until all failed connections are due, and repeats that until none has failed. Returns the
    /// number of repetitions.
    async fn leap_until_nothing_is_tried_again(&mut self) -> Result<usize> {
        let _keeper = self.keep_alive();
        for leaps in 0.. {
            let all = self.rest().await?;
            let Some(latest) = all.iter().filter_map(|one| one.retry_at).max() else { return Ok(leaps) };
            let waiting = all.iter().filter(|one| one.retry_at.is_some()).count();
            self.hearing.begin();
            self.world.pass(self.world.clock.now().duration_until(latest).as_secs().max(0) + 1);
            self.hearing.until_ended(waiting).await?;
        }
        unreachable!("it has no other end")
    }

    /// Compares each connection with the provider's records, while no refresh is in flight.
    async fn judge(&mut self) -> Result<StormCounts> {
        // Refreshes in flight continue although the scheduler has been dropped.
        self.hearing.until_quiet().await?;
        let mut counts = StormCounts::default();
        let all = self.grapnel.connections()?;
        for one in &all {
            let connected = self.connected.get(&one.id).context("a connection that nobody made")?;
            counts
                .add(&one.name, consistency::look(&self.grapnel, &self.world.sandbox, one, connected).await?);
        }
        ensure!(
            all.len() == self.connected.len(),
            "{} of {} connections are left",
            all.len(),
            self.connected.len()
        );
        Ok(counts)
    }

    /// One request for each connection and one more for each temporary failure: none in excess, none missing, and never
    /// more concurrent ones than guaranteed.
    fn count_requests(&self) -> Result<()> {
        for provider in PROVIDERS {
            let mine = self.connected.values().filter(|one| one.provider == provider);
            let grants = self.world.sandbox.grants(provider);
            let tries = mine.map(|one| {
                let refresh_faults = grants.refresh_faults(one.token.expose_secret());
                1 + refresh_faults
                    .iter()
                    .filter(|fault| **fault != SPARED && **fault != Fault::InvalidGrant)
                    .count()
            });
            let (name, needed) = (provider.title(), tries.sum::<usize>());
            let made = self.world.sandbox.token_requests(provider);
            ensure!(made.all == needed, "{name} saw {} token requests, where {needed} were needed", made.all);
            ensure!(made.most <= MAX_BACKGROUND_REQUESTS, "{name} saw {} token requests at once", made.most);
        }
        Ok(())
    }
}
