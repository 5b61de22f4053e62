//! The sandbox's clock: system time plus an offset that tests increase, so that expiry needs no waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::fmt::temporal;
use jiff::{SignedDuration, Timestamp};

/// The clock of all providers of a sandbox. `Date` headers use it too. A clone shares the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The current time of the sandbox.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock forward. It cannot be moved back.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let _ = self
            .ahead_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |ahead| Some(ahead.saturating_add(by)));
    }

    /// The time `for_` from now.
    pub(crate) fn after(&self, for_: Duration) -> Timestamp {
        later(self.now(), SignedDuration::try_from(for_).unwrap_or(SignedDuration::MAX))
    }
}

/// `moment + by`, saturating.
pub(crate) fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// The time format of the providers' APIs: `2025-02-20T10:00:00.000Z`.
pub(crate) fn iso(moment: Timestamp) -> String {
    temporal::DateTimePrinter::new().precision(Some(3)).timestamp_to_string(&moment)
}

/// The time format of HTTP headers: `Thu, 20 Feb 2025 10:00:00 GMT`.
pub(crate) fn http_date(moment: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap_or_default()
}
