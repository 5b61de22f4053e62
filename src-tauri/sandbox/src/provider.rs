//! What every provider of the sandbox has: a name, an origin, apps, grants, and its share of clock, log and faults.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::{Deserialize, Serialize};

use crate::apps::App;
use crate::clock::Clock;
use crate::departures::{Departures, Notes};
use crate::faults::Faults;
use crate::grants::Grants;
use crate::revealed::Reveal;

/// Who answers the consent page. No provider has such a switch: it is for scripts and measurements without a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// A person does: the page is shown.
    #[default]
    Ask,
    /// The page is skipped as if the first person had pressed Authorize.
    Authorize,
    /// The page is skipped as if the person had pressed Cancel.
    Cancel,
}

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub(crate) origin: String,
    pub(crate) apps: Vec<App>,
    pub(crate) clock: Clock,
    pub(crate) departures: Departures,
    pub(crate) faults: Faults,
    pub(crate) grants: Grants,
    pub(crate) consent: ConsentSwitch,
    pub(crate) reveal: Reveal,
}

impl Provider {
    pub(crate) fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    pub(crate) fn notes(&self, endpoint: impl Into<String>) -> Notes<'_> {
        self.departures.notes(self.name, endpoint)
    }
}

/// The switch, which may be turned while the provider runs.
#[derive(Debug)]
pub(crate) struct ConsentSwitch(AtomicU8);

impl ConsentSwitch {
    pub(crate) fn new(consent: Consent) -> Self {
        Self(AtomicU8::new(consent as u8))
    }

    pub(crate) fn set(&self, consent: Consent) {
        self.0.store(consent as u8, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Consent {
        match self.0.load(Ordering::Relaxed) {
            1 => Consent::Authorize,
            2 => Consent::Cancel,
            _ => Consent::Ask,
        }
    }
}
