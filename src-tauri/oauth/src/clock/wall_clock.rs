//! The system clock as a trait, so that tests set the time.

use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WakeReason {
    /// The time has come.
    Due,
    /// The clock jumped: the computer was suspended, or someone set the clock. The caller computes its deadlines again.
    Jumped,
}

/// A wait for a point in time.
pub type Wait<'a> = Pin<Box<dyn Future<Output = WakeReason> + Send + 'a>>;

/// Wall-clock time, and waiting by it.
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// How far the clock was set forward since the program started, as far as that is known. Suspend does not count,
    /// since time passed.
    fn set_by(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    /// Waits until `at` by this clock, or until the clock jumps.
    fn wait_until(&self, at: Timestamp) -> Wait<'_> {
        Box::pin(wait_in_slices(self, at))
    }
}

/// How often the wall clock is read where the platform does not report jumps: ordinary timers stop during suspend.
pub(super) const SLICE: Duration = Duration::from_secs(60);

pub(super) async fn wait_in_slices(clock: &(impl Clock + ?Sized), at: Timestamp) -> WakeReason {
    let set_by = clock.set_by();
    loop {
        let before = clock.now();
        let Ok(left) = Duration::try_from(before.duration_until(at)) else { return WakeReason::Due };
        if left.is_zero() {
            return WakeReason::Due;
        }
        let slice = left.min(SLICE);
        tokio::time::sleep(slice).await;
        let passed = before.duration_until(clock.now());
        let slept = passed > SignedDuration::try_from(slice * 2).unwrap_or(SignedDuration::MAX);
        if slept || clock.set_by() != set_by {
            return WakeReason::Jumped;
        }
    }
}
