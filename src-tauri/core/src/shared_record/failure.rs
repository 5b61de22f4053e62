//! The failed refreshes of a shared connection, as its record has them. Times are relative to the last failure, since
//! the clocks of two computers differ.

use grapnel_model::error::{Code, Error};
use grapnel_store::connection::Retry;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The failed refreshes of a shared connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SharedFailure {
    pub(crate) error: Error,
    failures: u32,
    /// How long after the last failure the next attempt is due, in milliseconds.
    retry_after: Option<i64>,
    quiet_for: Option<i64>,
    answer_lost: bool,
    refusals: u32,
}

impl SharedFailure {
    pub(crate) fn new(error: Error, retry: &Retry) -> Self {
        let Retry { failures, failed_at, at, quiet_until, response_lost, refusals } = retry.clone();
        let after = |end: Option<Timestamp>| {
            let pause = end?.duration_since(failed_at?);
            i64::try_from(pause.as_millis()).ok()
        };
        Self {
            error,
            failures,
            retry_after: after(at),
            quiet_for: after(quiet_until),
            answer_lost: response_lost,
            refusals,
        }
    }

    /// Whether it is only that this computer could not reach the provider; another one may.
    pub(super) fn is_of_this_computer(&self) -> bool {
        self.error.code == Code::ProviderUnavailable && self.error.http_status.is_none() && !self.answer_lost
    }

    /// The state of the retries here, if the last failure was at `failed_at`.
    pub(crate) fn retry(&self, failed_at: Timestamp) -> Retry {
        let end = |after: Option<i64>| failed_at.checked_add(SignedDuration::from_millis(after?)).ok();
        Retry {
            failures: self.failures,
            failed_at: Some(failed_at),
            at: end(self.retry_after),
            quiet_until: end(self.quiet_for),
            response_lost: self.answer_lost,
            refusals: self.refusals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_computer_has_no_network_is_not_told_to_the_team() {
        let unreachable = Error::new(Code::ProviderUnavailable, "It could not be reached.");
        let of = |error: &Error, response_lost| {
            SharedFailure::new(error.clone(), &Retry { response_lost, ..Retry::default() })
        };
        assert!(of(&unreachable, false).is_of_this_computer());
        assert!(!of(&unreachable.clone().with_status(503), false).is_of_this_computer());
        assert!(!of(&unreachable, true).is_of_this_computer(), "the others must know of a lost response");
        assert!(!of(&Error::new(Code::InvalidGrant, "Refused."), false).is_of_this_computer());
    }

    #[test]
    fn a_failure_is_told_in_durations_and_not_in_times_of_one_clock() {
        let there: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let here: Timestamp = "2026-03-02T11:00:00Z".parse().unwrap();
        let retry = |at: Timestamp| Retry {
            failures: 2,
            failed_at: Some(at),
            at: Some(at + SignedDuration::from_secs(30)),
            quiet_until: Some(at + SignedDuration::from_secs(2)),
            response_lost: true,
            refusals: 1,
        };
        let failure = SharedFailure::new(Error::new(Code::ProviderUnavailable, "Down."), &retry(there));
        assert_eq!(failure.retry(here), retry(here));
        assert!(!serde_json::to_string(&failure).unwrap().contains("2026"));
    }
}
