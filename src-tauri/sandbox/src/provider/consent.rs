//! Who answers a provider's consent or sign-in page.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::{Deserialize, Serialize};

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
