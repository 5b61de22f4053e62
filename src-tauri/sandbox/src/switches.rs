//! Switches: where a provider's page leaves something open or a provider may misbehave, each way can be had.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::input_error::InputError;

/// A way in which one provider behaves otherwise than it does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Switch {
    /// The Grid gives a refresh token, and takes it at `PUT /api/auth/token`.
    TheGridRefreshToken,
    /// The Grid does not send `state` back.
    TheGridNoState,
    /// GroveStreams calls back with `oauthCode` and `oauthState`.
    GroveStreamsOauthNames,
    /// GroveStreams calls back with its parameters in the fragment.
    GroveStreamsFragment,
    /// The discovery documents of Custom name another issuer.
    CustomIssuerMismatch,
    /// The discovery documents of Custom have 10 MiB.
    CustomHugeDocument,
    /// Custom calls back with the `iss` of someone else.
    CustomWrongIss,
    /// Custom calls back without `iss`, although it announces it.
    CustomNoIss,
    /// Custom has no revocation endpoint.
    CustomNoRevocation,
}

const NAMES: [(Switch, &str, &str); 9] = [
    (Switch::TheGridRefreshToken, "the-grid-refresh-token", "a refresh token in The Grid's reply"),
    (Switch::TheGridNoState, "the-grid-no-state", "The Grid does not echo `state`"),
    (Switch::GroveStreamsOauthNames, "grovestreams-oauth-names", "oauthCode and oauthState in the callback"),
    (Switch::GroveStreamsFragment, "grovestreams-fragment", "the callback's parameters in its fragment"),
    (Switch::CustomIssuerMismatch, "custom-issuer-mismatch", "discovery names another issuer"),
    (Switch::CustomHugeDocument, "custom-huge-document", "discovery documents of 10 MiB"),
    (Switch::CustomWrongIss, "custom-wrong-iss", "the callback has another's `iss`"),
    (Switch::CustomNoIss, "custom-no-iss", "the callback has no `iss`"),
    (Switch::CustomNoRevocation, "custom-no-revocation", "no revocation endpoint"),
];

impl Switch {
    /// Each switch with its name and a few words about it.
    pub fn all() -> impl Iterator<Item = (Self, &'static str, &'static str)> {
        NAMES.into_iter()
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(NAMES.iter().find(|(switch, ..)| switch == self).map_or("", |(_, name, _)| name))
    }
}

impl FromStr for Switch {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        let found = NAMES.iter().find(|(_, name, _)| *name == text).map(|(switch, ..)| *switch);
        found.ok_or_else(|| {
            let names: Vec<_> = NAMES.iter().map(|(_, name, _)| *name).collect();
            InputError::new(format!("no switch `{text}`: there are {}", names.join(", ")))
        })
    }
}

/// The switches of one sandbox. All are off at the start.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    on: Arc<Mutex<BTreeSet<Switch>>>,
}

impl Switches {
    /// Turns a switch.
    pub fn set(&self, switch: Switch, on: bool) {
        self.with(|all| if on { all.insert(switch) } else { all.remove(&switch) });
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self, switch: Switch) -> bool {
        self.with(|all| all.contains(&switch))
    }

    /// Those that are on.
    #[must_use]
    pub fn on(&self) -> Vec<Switch> {
        self.with(|all| all.iter().copied().collect())
    }

    /// Turns all off.
    pub fn clear(&self) {
        self.with(BTreeSet::clear);
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeSet<Switch>) -> T) -> T {
        act(&mut self.on.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variants, counted where they are written.
    fn variants() -> usize {
        let (_, body) = include_str!("switches.rs").split_once("pub enum Switch {\n").unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        body.lines().filter(|line| !line.trim_start().starts_with("//")).count()
    }

    #[test]
    fn every_switch_has_a_name() {
        assert_eq!(Switch::all().map(|(switch, ..)| switch).collect::<BTreeSet<_>>().len(), variants());
    }

    #[test]
    fn a_switch_reads_as_it_is_written() {
        for (switch, name, _) in Switch::all() {
            assert_eq!(switch.to_string(), name);
            assert_eq!(name.parse(), Ok(switch));
        }
        assert!("off".parse::<Switch>().unwrap_err().to_string().contains("custom-wrong-iss"));
    }
}
