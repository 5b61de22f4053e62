//! Whether a provider's consent or sign-in page is shown or skipped.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::{Deserialize, Serialize};

/// Whether the consent page is shown or skipped. Skipping is for scripts and benchmarks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// The page is shown.
    #[default]
    Ask,
    /// The page is skipped, as if the first account had pressed Authorize.
    Authorize,
    /// The page is skipped, as if Cancel had been pressed.
    Cancel,
}

/// The current mode, which can change while the provider runs.
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
