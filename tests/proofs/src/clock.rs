//! The clock of a proof.

use std::time::Duration;

use grapnel_core::clock::{Clock, Wait, WakeReason};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// The system's clock plus an offset. Moving it wakes the tasks that wait for a time.
#[derive(Default)]
pub(crate) struct SharedClock(watch::Sender<i64>);

impl SharedClock {
    pub(crate) fn set_ahead(&self, seconds: i64) {
        self.0.send_replace(seconds);
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.send_modify(|offset| *offset += seconds);
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(*self.0.borrow());
        Timestamp::now().saturating_add(offset).unwrap_or(Timestamp::MAX)
    }

    fn wait_until(&self, at: Timestamp) -> Wait<'_> {
        let mut moves = self.0.subscribe();
        Box::pin(async move {
            while let Ok(left) = Duration::try_from(self.now().duration_until(at))
                && !left.is_zero()
            {
                // The time has come, or the clock was moved: either way the remaining time is computed again.
                let _ = tokio::time::timeout(left, moves.changed()).await;
            }
            WakeReason::Due
        })
    }
}
