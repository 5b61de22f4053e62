//! A running sandbox: its server thread, and the settings that can change while it runs.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener as Bound};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::departures::Departures;
use crate::faults::Faults;
use crate::grants::Grants;
use crate::options::Options;
use crate::provider::{Consent, Provider, ProviderId, ProviderSetup, SharedState};
use crate::revealed::Revealed;
use crate::server::{ServerLimits, serve};
use crate::switches::Switches;
use crate::token_requests::TokenRequests;
use crate::{custom, grigora, grindery, grovestreams, the_grid};

/// How long the shutdown waits for requests in flight.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Providers on loopback, from start until shutdown or drop. It has its own runtime, so that it can be started inside
/// or outside of another one.
#[derive(Debug)]
pub struct Sandbox {
    providers: BTreeMap<ProviderId, Arc<Provider>>,
    shared: SharedState,
    /// The servers run while this exists.
    stop: watch::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Sandbox {
    /// Binds the ports and starts serving.
    ///
    /// # Errors
    /// If a port is in use (the error names it), the state directory is unusable, or no thread can be started.
    #[expect(clippy::needless_pass_by_value, reason = "callers make options for one start")]
    pub fn start(options: Options) -> io::Result<Self> {
        let shared = SharedState::new(options.reveal, options.control);
        let mut providers = BTreeMap::new();
        let mut servers = Vec::new();
        for id in ProviderId::ALL.into_iter().filter(|id| options.providers.contains(id)) {
            let bound = bind(options.port(id))?;
            let port = bound.local_addr()?.port();
            let setup = ProviderSetup { port, shared: shared.clone(), consent: options.consent };
            let (provider, router) = build(id, setup, &options);
            if let Some(state) = &options.state {
                make_private_directory(state)?;
                provider.grants.persist_to(state.join(format!("{}.json", id.name())))?;
            }
            providers.insert(id, provider);
            servers.push((bound, router));
        }
        let (stop, stopped) = watch::channel(());
        let (end, ended) = oneshot::channel();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let servers = listening(&runtime, servers)?;
        let thread = std::thread::Builder::new().name("grapnel-sandbox".to_owned());
        let limits = ServerLimits::new(options.connections, options.timeout);
        thread.spawn(move || run(runtime, servers, &limits, &stopped, end))?;
        Ok(Self { providers, shared, stop, ended })
    }

    /// The base URL of Grigora, as in `http://127.0.0.1:4780`.
    ///
    /// # Panics
    /// If that provider does not run. The methods below panic likewise.
    #[must_use]
    pub fn grigora(&self) -> &str {
        self.origin(ProviderId::Grigora)
    }

    /// The base URL of Grindery.
    #[must_use]
    pub fn grindery(&self) -> &str {
        self.origin(ProviderId::Grindery)
    }

    /// The base URL of The Grid.
    #[must_use]
    pub fn the_grid(&self) -> &str {
        self.origin(ProviderId::TheGrid)
    }

    /// The base URL of GroveStreams.
    #[must_use]
    pub fn grovestreams(&self) -> &str {
        self.origin(ProviderId::GroveStreams)
    }

    /// The base URL of Custom, which is its issuer.
    #[must_use]
    pub fn custom(&self) -> &str {
        self.origin(ProviderId::Custom)
    }

    /// The base URL of a provider, if it runs.
    #[must_use]
    pub fn url(&self, provider: ProviderId) -> Option<&str> {
        self.providers.get(&provider).map(|provider| provider.origin.as_str())
    }

    /// The providers that run, in the order of [`ProviderId::ALL`].
    pub fn providers(&self) -> impl Iterator<Item = ProviderId> {
        self.providers.keys().copied()
    }

    /// A provider's grants: counts, lifetimes and revocation.
    ///
    /// # Panics
    /// If that provider does not run.
    #[must_use]
    pub fn grants(&self, provider: ProviderId) -> &Grants {
        &self.provider(provider).grants
    }

    /// The numbers of token requests at a provider.
    ///
    /// # Panics
    /// If that provider does not run.
    #[must_use]
    pub fn token_requests(&self, provider: ProviderId) -> TokenRequests {
        self.provider(provider).token_requests.read()
    }

    /// Resets a provider's token request counters.
    ///
    /// # Panics
    /// If that provider does not run.
    pub fn reset_token_requests(&self, provider: ProviderId) {
        self.provider(provider).token_requests.reset();
    }

    /// Delays each token request at a provider by `latency` of real time.
    ///
    /// # Panics
    /// If that provider does not run.
    pub fn set_token_latency(&self, provider: ProviderId, latency: Duration) {
        self.provider(provider).token_requests.set_latency(latency);
    }

    /// Grigora's grants.
    #[must_use]
    pub fn grigora_grants(&self) -> &Grants {
        self.grants(ProviderId::Grigora)
    }

    /// Sets whether a provider's consent page is shown or skipped.
    ///
    /// # Panics
    /// If that provider does not run.
    pub fn set_consent(&self, provider: ProviderId, consent: Consent) {
        self.provider(provider).consent.set(consent);
    }

    /// Sets whether Grigora's consent page is shown or skipped.
    pub fn set_grigora_consent(&self, consent: Consent) {
        self.set_consent(ProviderId::Grigora, consent);
    }

    /// The departures at all providers.
    #[must_use]
    pub fn departures(&self) -> &Departures {
        &self.shared.departures
    }

    /// The planned faults of all providers.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The switches of all providers.
    #[must_use]
    pub fn switches(&self) -> &Switches {
        &self.shared.switches
    }

    /// The clock of all providers.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Every code and token issued and every PKCE verifier received, oldest first, for tests that look for leaks.
    /// Empty unless [`Options::reveal`] is on.
    #[must_use]
    pub fn revealed(&self) -> Vec<Revealed> {
        self.shared.reveal.all()
    }

    /// Stops, and returns once the ports are free. (Dropping stops too, without waiting.)
    pub async fn shutdown(self) {
        let Self { stop, ended, .. } = self;
        drop(stop);
        // An error means that the thread has already ended.
        let _ = ended.await;
    }

    pub(crate) fn origin(&self, id: ProviderId) -> &str {
        &self.provider(id).origin
    }

    #[expect(clippy::panic, reason = "whoever asks has also said which providers run")]
    fn provider(&self, id: ProviderId) -> &Provider {
        self.providers.get(&id).unwrap_or_else(|| panic!("{} does not run in this sandbox", id.title()))
    }
}

fn build(id: ProviderId, setup: ProviderSetup, options: &Options) -> (Arc<Provider>, Router) {
    match id {
        ProviderId::Grigora => grigora::build(setup, options),
        ProviderId::Grindery => grindery::build(setup),
        ProviderId::TheGrid => the_grid::build(setup, options),
        ProviderId::GroveStreams => grovestreams::build(setup),
        ProviderId::Custom => custom::build(setup, options),
    }
}

/// Creates a directory, and those above it that do not exist, for their owner only.
fn make_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

fn bind(port: u16) -> io::Result<Bound> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("port {port}: {error}"));
    let bound = Bound::bind((Ipv4Addr::LOCALHOST, port)).map_err(named)?;
    bound.set_nonblocking(true)?;
    Ok(bound)
}

fn listening(runtime: &Runtime, bound: Vec<(Bound, Router)>) -> io::Result<Vec<(TcpListener, Router)>> {
    let _inside = runtime.enter();
    bound.into_iter().map(|(bound, router)| Ok((TcpListener::from_std(bound)?, router))).collect()
}

fn run(
    runtime: Runtime,
    servers: Vec<(TcpListener, Router)>,
    limits: &ServerLimits,
    stop: &watch::Receiver<()>,
    end: oneshot::Sender<()>,
) {
    runtime.block_on(async {
        let mut running: JoinSet<()> = servers
            .into_iter()
            .map(|(listener, router)| serve(listener, router, limits.clone(), stop.clone()))
            .collect();
        while running.join_next().await.is_some() {}
    });
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    let _ = end.send(());
}
