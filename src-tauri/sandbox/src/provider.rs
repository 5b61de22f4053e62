//! What every provider of the sandbox has: a name, an origin, apps, grants, and its share of clock, log and faults.

mod consent;
pub(crate) mod id;

pub use consent::Consent;
pub use id::ProviderId;

use crate::apps::App;
use crate::clock::Clock;
use crate::departures::{Departures, Notes};
use crate::faults::endpoint::Endpoint;
use crate::faults::fault::Fault;
use crate::faults::plan::Faults;
use crate::faults::words::Words;
use crate::grants::{Grants, Lifetimes, Mint};
use crate::revealed::Reveal;
use crate::switches::Switches;
use crate::token_requests::Gauge;
use consent::ConsentSwitch;

/// What all providers of one sandbox share. A clone is the same clock, the same log and so on.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) departures: Departures,
    pub(crate) faults: Faults,
    pub(crate) switches: Switches,
    pub(crate) reveal: Reveal,
    /// Whether `/_sandbox` is there.
    pub(crate) control: bool,
}

impl Common {
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

/// Where a provider listens, what it shares and who answers its page at the start.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) port: u16,
    pub(crate) common: Common,
    pub(crate) consent: Consent,
}

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) id: ProviderId,
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub(crate) origin: String,
    /// Other hosts under which it answers, as in `brand.localhost:PORT`.
    pub(crate) aliases: Vec<String>,
    pub(crate) apps: Vec<App>,
    pub(crate) common: Common,
    pub(crate) grants: Grants,
    pub(crate) token_requests: Gauge,
    pub(crate) consent: ConsentSwitch,
    pub(crate) words: Words,
}

impl Provider {
    pub(crate) fn new(id: ProviderId, place: Place, mint: Box<dyn Mint>, lifetimes: Lifetimes) -> Self {
        let Place { port, common, consent } = place;
        Self {
            id,
            origin: format!("http://127.0.0.1:{port}"),
            aliases: Vec::new(),
            apps: Vec::new(),
            grants: Grants::new(common.clock.clone(), common.reveal.clone(), mint, lifetimes),
            token_requests: Gauge::default(),
            common,
            consent: ConsentSwitch::new(consent),
            words: Words::default(),
        }
    }

    pub(crate) fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    pub(crate) fn notes(&self, endpoint: impl Into<String>) -> Notes<'_> {
        self.common.departures.notes(self.id.name(), endpoint)
    }

    /// The fault for the request that has just come, if any is due.
    pub(crate) fn next_fault(&self, endpoint: Endpoint) -> Option<Fault> {
        self.common.faults.next(self.id, endpoint)
    }

    /// Whether `host`, as a `Host` header says it, is one of its own.
    pub(crate) fn is_at(&self, host: &str) -> bool {
        self.origin.strip_prefix("http://") == Some(host) || self.aliases.iter().any(|alias| alias == host)
    }
}
