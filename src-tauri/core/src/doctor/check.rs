//! A check of the diagnostics.

use grapnel_model::error::{Code, Error};
use serde::{Deserialize, Serialize};

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// The verdict.
    pub verdict: CheckStatus,
    /// The kind of the problem; `None` if nothing fails because of it.
    pub code: Option<Code>,
    /// What was found.
    pub found: String,
    /// What it means, if something is wrong.
    pub meaning: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It works.
    Fine,
    /// It works but needs attention, or it is broken but optional.
    Attention,
    /// It is broken.
    Broken,
}

impl Check {
    /// A check that found nothing wrong.
    pub fn fine(name: &str, found: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            verdict: CheckStatus::Fine,
            code: None,
            found: found.into(),
            meaning: None,
            hint: None,
        }
    }

    /// A check that found the problem `error`.
    pub fn wrong(name: &str, verdict: CheckStatus, error: Error) -> Self {
        let Error { code, message, meaning, hint, .. } = error;
        Self { name: name.into(), verdict, code: Some(code), found: message, meaning, hint }
    }
}

/// The browsers that persons chose: for all connections, and for single ones.
#[derive(Debug, Default)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "they are looked at on Linux"))]
pub(super) struct Browsers {
    pub(super) usual: String,
    pub(super) own: Vec<String>,
}
