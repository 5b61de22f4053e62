//! The running sandbox: its options, and the thread on which the providers answer.

use std::io;
use std::net::{Ipv4Addr, TcpListener as Bound};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};

use crate::apps::App;
use crate::clock::Clock;
use crate::departures::Departures;
use crate::faults::Faults;
use crate::grants::{Grants, Lifetimes};
use crate::grigora::{self, Grigora};
use crate::provider::Consent;
use crate::revealed::Revealed;
use crate::server::serve;

/// How long requests in progress may hold up the end.
const GRACE: Duration = Duration::from_secs(2);

/// What a sandbox starts with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of Grigora on 127.0.0.1; 0 for any free one.
    pub grigora_port: u16,
    /// How many posts the largest project has.
    pub posts: usize,
    /// The apps registered at Grigora.
    pub apps: Vec<App>,
    /// How long codes and tokens live.
    pub lifetimes: Lifetimes,
    /// Who answers the consent page.
    pub consent: Consent,
    /// Whether [`Sandbox::revealed`] remembers secrets.
    pub reveal: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            grigora_port: 0,
            posts: 5_000,
            apps: vec![grigora::sandbox_app()],
            lifetimes: grigora::LIFETIMES,
            consent: Consent::Ask,
            reveal: false,
        }
    }
}

impl Options {
    /// Registers an app, in the place of one with the same client id.
    #[must_use]
    pub fn with_app(mut self, app: App) -> Self {
        self.apps.retain(|other| other.client_id != app.client_id);
        self.apps.push(app);
        self
    }
}

/// Providers on loopback, from start until shutdown or drop. It has a runtime of its own, so that it may be started
/// from anywhere.
#[derive(Debug)]
pub struct Sandbox {
    grigora: Arc<Grigora>,
    /// The servers run while this exists.
    stop: watch::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Sandbox {
    /// Binds the ports and answers from then on.
    ///
    /// # Errors
    /// If a port is taken, or the system gives no thread.
    pub fn start(options: Options) -> io::Result<Self> {
        let bound = Bound::bind((Ipv4Addr::LOCALHOST, options.grigora_port))?;
        bound.set_nonblocking(true)?;
        let grigora = Arc::new(Grigora::new(bound.local_addr()?.port(), options));
        let (stop, stopped) = watch::channel(());
        let (end, ended) = oneshot::channel();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(bound)?
        };
        let router = grigora::router(Arc::clone(&grigora));
        let thread = std::thread::Builder::new().name("grapnel-sandbox".to_owned());
        thread.spawn(move || run(runtime, listener, router, stopped, end))?;
        Ok(Self { grigora, stop, ended })
    }

    /// The base URL of Grigora, as in `http://127.0.0.1:4780`.
    #[must_use]
    pub fn grigora(&self) -> &str {
        &self.grigora.provider.origin
    }

    /// What Grigora has issued, its lifetimes, and revocation.
    #[must_use]
    pub fn grigora_grants(&self) -> &Grants {
        &self.grigora.provider.grants
    }

    /// Switches who answers Grigora's consent page.
    pub fn set_grigora_consent(&self, consent: Consent) {
        self.grigora.provider.consent.set(consent);
    }

    /// The log of departures, of all providers.
    #[must_use]
    pub fn departures(&self) -> &Departures {
        &self.grigora.provider.departures
    }

    /// The faults to come, at any provider.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.grigora.provider.faults
    }

    /// The clock of all providers.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.grigora.provider.clock
    }

    /// Every code and token given out and every PKCE verifier received so far, oldest first: what must be found
    /// nowhere. Empty unless [`Options::reveal`] is on.
    #[must_use]
    pub fn revealed(&self) -> Vec<Revealed> {
        self.grigora.provider.reveal.all()
    }

    /// Stops, and returns when the ports are free. (Dropping stops too, without waiting.)
    pub async fn shutdown(self) {
        let Self { stop, ended, .. } = self;
        drop(stop);
        // An error says that the thread is gone, which is what was asked for.
        let _ = ended.await;
    }
}

fn run(
    runtime: Runtime,
    listener: TcpListener,
    router: Router,
    stop: watch::Receiver<()>,
    end: oneshot::Sender<()>,
) {
    runtime.block_on(serve(listener, router, stop));
    runtime.shutdown_timeout(GRACE);
    let _ = end.send(());
}
