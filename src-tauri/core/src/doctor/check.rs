//! A check of the diagnosis.

use grapnel_model::error::Error;
use serde::{Deserialize, Serialize};

/// One thing that has to work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What it means, where something is wrong.
    pub meaning: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Fine,
    /// It works, and something should be done about it; or it does not, and can be done without.
    Attention,
    /// It does not work.
    Broken,
}

impl Check {
    pub(super) fn fine(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Fine, found: found.into(), meaning: None, hint: None }
    }

    pub(super) fn wrong(name: &str, verdict: Verdict, error: Error) -> Self {
        Self { name: name.into(), verdict, found: error.message, meaning: error.meaning, hint: error.hint }
    }
}

/// What opens addresses, as far as persons chose it: for all, and for single connections.
#[derive(Debug, Default)]
pub(super) struct Browsers {
    pub(super) usual: String,
    pub(super) own: Vec<String>,
}
