//! The sandbox's clock: the system's, moved forward as far as a test asks, so that nothing has to sleep to expire.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::fmt::temporal;
use jiff::{SignedDuration, Timestamp};

/// One clock for all providers. What a reply says in its `Date` header is read from it too: a server has one time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The sandbox's present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the present forward. There is no way back: what has expired stays expired.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let _ = self
            .ahead_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |ahead| Some(ahead.saturating_add(by)));
    }

    /// The moment after which something that lives `for_` from now is dead.
    pub(crate) fn after(&self, for_: Duration) -> Timestamp {
        later(self.now(), SignedDuration::try_from(for_).unwrap_or(SignedDuration::MAX))
    }
}

/// `moment + by`, kept inside what a timestamp can say.
pub(crate) fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// As the provider's page writes times: `2025-02-20T10:00:00.000Z`.
pub(crate) fn iso(moment: Timestamp) -> String {
    temporal::DateTimePrinter::new().precision(Some(3)).timestamp_to_string(&moment)
}

/// As HTTP headers write times: `Thu, 20 Feb 2025 10:00:00 GMT`.
pub(crate) fn http_date(moment: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap_or_default()
}
