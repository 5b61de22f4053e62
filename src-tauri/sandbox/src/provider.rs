//! The state common to all providers: identifier, origin, apps, grants, and the sandbox's shared state.

mod consent;
pub(crate) mod id;

pub use consent::Consent;
pub use id::ProviderId;

use crate::clock::Clock;
use crate::departures::{DepartureLog, Departures};
use crate::faults::endpoint::Endpoint;
use crate::faults::fault::Fault;
use crate::faults::plan::Faults;
use crate::faults::refusals::RefusalReplies;
use crate::grants::{Grants, Lifetimes, TokenFormat};
use crate::registered_app::RegisteredApp;
use crate::revealed::Reveal;
use crate::switches::Switches;
use crate::token_requests::TokenRequestGauge;
use consent::ConsentSwitch;

/// The state that all providers of a sandbox share. A clone refers to the same clock, log and so on.
#[derive(Clone, Debug)]
pub(crate) struct SharedState {
    pub(crate) clock: Clock,
    pub(crate) departures: Departures,
    pub(crate) faults: Faults,
    pub(crate) switches: Switches,
    pub(crate) reveal: Reveal,
    /// Whether `/_sandbox` is served.
    pub(crate) control: bool,
}

impl SharedState {
    pub(crate) fn new(reveal: bool, control: bool) -> Self {
        let clock = Clock::default();
        Self {
            departures: Departures::new(clock.clone()),
            clock,
            faults: Faults::default(),
            switches: Switches::default(),
            reveal: Reveal::new(reveal),
            control,
        }
    }
}

/// What a provider is built from.
#[derive(Debug)]
pub(crate) struct ProviderSetup {
    pub(crate) port: u16,
    pub(crate) shared: SharedState,
    pub(crate) consent: Consent,
}

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) id: ProviderId,
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub(crate) origin: String,
    /// Other accepted hosts, such as `brand.localhost:PORT`.
    pub(crate) aliases: Vec<String>,
    pub(crate) apps: Vec<RegisteredApp>,
    pub(crate) shared: SharedState,
    pub(crate) grants: Grants,
    pub(crate) token_requests: TokenRequestGauge,
    pub(crate) consent: ConsentSwitch,
    pub(crate) refusals: RefusalReplies,
}

impl Provider {
    pub(crate) fn new(
        id: ProviderId,
        setup: ProviderSetup,
        format: Box<dyn TokenFormat>,
        lifetimes: Lifetimes,
    ) -> Self {
        let ProviderSetup { port, shared, consent } = setup;
        Self {
            id,
            origin: format!("http://127.0.0.1:{port}"),
            aliases: Vec::new(),
            apps: Vec::new(),
            grants: Grants::new(shared.clock.clone(), shared.reveal.clone(), format, lifetimes),
            token_requests: TokenRequestGauge::default(),
            shared,
            consent: ConsentSwitch::new(consent),
            refusals: RefusalReplies::default(),
        }
    }

    pub(crate) fn app(&self, client_id: &str) -> Option<&RegisteredApp> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    pub(crate) fn departure_log(&self, endpoint: impl Into<String>) -> DepartureLog<'_> {
        self.shared.departures.log_for(self.id.name(), endpoint)
    }

    /// The next planned fault for this request, if any. It is used up.
    pub(crate) fn next_fault(&self, endpoint: Endpoint) -> Option<Fault> {
        self.shared.faults.next(self.id, endpoint)
    }

    /// Whether `host`, the value of a `Host` header, is one of this provider's.
    pub(crate) fn is_own_host(&self, host: &str) -> bool {
        self.origin.strip_prefix("http://") == Some(host) || self.aliases.iter().any(|alias| alias == host)
    }
}
