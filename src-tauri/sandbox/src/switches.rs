//! Switches: alternative behaviors of providers, for what their documentation leaves open and for misbehavior.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::input_error::InputError;

/// An alternative behavior of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Switch {
    /// The Grid issues a refresh token, and accepts it at `PUT /api/auth/token`.
    TheGridRefreshToken,
    /// The Grid does not return `state`.
    TheGridNoState,
    /// GroveStreams names the callback parameters `oauthCode` and `oauthState`.
    GroveStreamsOauthNames,
    /// GroveStreams puts the callback parameters into the fragment.
    GroveStreamsFragment,
    /// The discovery documents of Custom name another issuer.
    CustomIssuerMismatch,
    /// The discovery documents of Custom have 10 MiB.
    CustomHugeDocument,
    /// Custom sends another issuer as `iss` in the callback.
    CustomWrongIss,
    /// Custom omits `iss` in the callback, although its metadata announces it.
    CustomNoIss,
    /// Custom has no revocation endpoint.
    CustomNoRevocation,
}

const NAMES: [(Switch, &str, &str); 9] = [
    (Switch::TheGridRefreshToken, "the-grid-refresh-token", "The Grid issues refresh tokens"),
    (Switch::TheGridNoState, "the-grid-no-state", "The Grid does not return `state`"),
    (Switch::GroveStreamsOauthNames, "grovestreams-oauth-names", "the callback has oauthCode and oauthState"),
    (Switch::GroveStreamsFragment, "grovestreams-fragment", "the callback parameters are in the fragment"),
    (Switch::CustomIssuerMismatch, "custom-issuer-mismatch", "the discovery documents name another issuer"),
    (Switch::CustomHugeDocument, "custom-huge-document", "the discovery documents have 10 MiB"),
    (Switch::CustomWrongIss, "custom-wrong-iss", "the callback has the wrong `iss`"),
    (Switch::CustomNoIss, "custom-no-iss", "the callback has no `iss`"),
    (Switch::CustomNoRevocation, "custom-no-revocation", "there is no revocation endpoint"),
];

impl Switch {
    /// Each switch with its name and a description.
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
            InputError::new(format!("unknown switch `{text}`; known: {}", names.join(", ")))
        })
    }
}

/// The switches of a sandbox, initially all off.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    on: Arc<Mutex<BTreeSet<Switch>>>,
}

impl Switches {
    /// Sets a switch.
    pub fn set(&self, switch: Switch, on: bool) {
        self.with(|all| if on { all.insert(switch) } else { all.remove(&switch) });
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self, switch: Switch) -> bool {
        self.with(|all| all.contains(&switch))
    }

    /// The switches that are on.
    #[must_use]
    pub fn on(&self) -> Vec<Switch> {
        self.with(|all| all.iter().copied().collect())
    }

    /// Clears all switches.
    pub fn clear(&self) {
        self.with(BTreeSet::clear);
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeSet<Switch>) -> T) -> T {
        act(&mut self.on.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of variants.
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
    fn a_switch_parses_from_its_name() {
        for (switch, name, _) in Switch::all() {
            assert_eq!(switch.to_string(), name);
            assert_eq!(name.parse(), Ok(switch));
        }
        assert!("off".parse::<Switch>().unwrap_err().to_string().contains("custom-wrong-iss"));
    }
}
