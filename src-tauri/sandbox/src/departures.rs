//! The log of departures: requests that a provider's documentation does not describe or does not allow. It has the
//! names of parameters, never their values.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::Mutex;
use serde::Serialize;

use crate::clock::{Clock, iso};

/// The log drops its oldest entries beyond this number.
const MAX_DEPARTURES: usize = 10_000;

/// How a request departs from the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each name says all there is to say")]
pub enum DepartureKind {
    MissingParameter,
    RepeatedParameter,
    UnknownParameter,
    WrongValue,
    WrongContentType,
    MalformedBody,
    UnexpectedBody,
    UnexpectedQuery,
    TokenInQuery,
    SecretInQuery,
    BasicAuthentication,
    WrongAuthorization,
    WrongClient,
    RedirectMismatch,
    PkceMismatch,
    UnknownCode,
    ReplayedCode,
    UnknownToken,
    RotatedRefreshToken,
    RefreshTokenAsAccessToken,
    ProjectNotAuthorized,
    UnknownPath,
    WrongMethod,
    WrongHost,
    ForeignOrigin,
    UsedTicket,
}

/// One departure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Departure {
    /// The time by the sandbox's clock (RFC 3339).
    pub at: String,
    /// The provider's name, as in `grigora`.
    pub provider: &'static str,
    /// Method and path, as in `POST /general/oauth/token`.
    pub endpoint: String,
    /// How the request departs.
    pub kind: DepartureKind,
    /// The name of the parameter or header, or a short description; never a value.
    pub detail: String,
}

impl fmt::Display for Departure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = serde_json::to_value(self.kind).ok();
        let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default().replace('-', " ");
        write!(out, "{} {}: {kind} ({})", self.provider, self.endpoint, self.detail)
    }
}

/// The log, shared by all providers of one sandbox.
#[derive(Clone, Debug)]
pub struct Departures {
    clock: Clock,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    entries: VecDeque<Departure>,
    listeners: Vec<Sender<Departure>>,
}

impl Departures {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, log: Arc::default() }
    }

    /// The entries, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Departure> {
        self.with(|log| log.entries.iter().cloned().collect())
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with(|log| log.entries.len())
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all entries.
    pub fn clear(&self) {
        self.with(|log| log.entries.clear());
    }

    /// Receives each later departure.
    #[must_use]
    pub fn listen(&self) -> Receiver<Departure> {
        let (sender, receiver) = channel();
        self.with(|log| log.listeners.push(sender));
        receiver
    }

    pub(crate) fn log_for(&self, provider: &'static str, endpoint: impl Into<String>) -> DepartureLog<'_> {
        DepartureLog { departures: self, provider, endpoint: endpoint.into() }
    }

    fn push(&self, entry: Departure) {
        self.with(|log| {
            log.listeners.retain(|listener| listener.send(entry.clone()).is_ok());
            if log.entries.len() == MAX_DEPARTURES {
                log.entries.pop_front();
            }
            log.entries.push_back(entry);
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Log) -> T) -> T {
        act(&mut self.log.lock())
    }
}

/// The log for one provider and endpoint.
pub(crate) struct DepartureLog<'a> {
    departures: &'a Departures,
    provider: &'static str,
    endpoint: String,
}

impl DepartureLog<'_> {
    pub(crate) fn add(&self, kind: DepartureKind, detail: impl Into<String>) {
        self.departures.push(Departure {
            at: iso(self.departures.clock.now()),
            provider: self.provider,
            endpoint: self.endpoint.clone(),
            kind,
            detail: detail.into(),
        });
    }

    /// Logs undocumented parameters. They are ignored, not refused (assumed).
    pub(crate) fn unknown<'n>(&self, names: impl Iterator<Item = &'n str>) {
        for name in names {
            self.add(DepartureKind::UnknownParameter, loggable_name(name));
        }
    }
}

/// A name from a client, made safe to log: long or unusual names are replaced, because they may be a secret.
pub(crate) fn loggable_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+[]".contains(c);
    if name.len() <= 40 && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("(a name of {} characters)", name.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::random_token;

    #[test]
    fn a_token_sent_as_a_name_is_not_logged() {
        let token = random_token("gri_at_");
        assert!(!loggable_name(&token).contains("gri_at_"));
        assert_eq!(loggable_name("redirect_uri"), "redirect_uri");
        assert_eq!(loggable_name("a\nforged line"), "(a name of 13 characters)");
    }

    #[test]
    fn the_log_keeps_a_bounded_number_of_newest_entries() {
        let departures = Departures::new(Clock::default());
        let log = departures.log_for("grigora", "GET /");
        for n in 0..=MAX_DEPARTURES {
            log.add(DepartureKind::UnknownPath, n.to_string());
        }
        assert_eq!(departures.len(), MAX_DEPARTURES);
        assert_eq!(departures.all().first().map(|d| d.detail.clone()), Some("1".to_owned()));
    }
}
