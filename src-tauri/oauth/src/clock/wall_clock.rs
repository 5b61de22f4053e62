//! The machine's clock, as a trait, so that tests decide what time it is.

use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Why a wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The moment is there.
    Due,
    /// The clock jumped: the machine slept, or someone set the clock. What was due is to be looked at anew.
    Jumped,
}

/// A wait for a moment.
pub type Wait<'a> = Pin<Box<dyn Future<Output = Woken> + Send + 'a>>;

/// Tells the wall-clock time of the machine, and waits by it.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// By how much the clock was set since the program started, as far as that can be told. That the machine slept
    /// is no setting: time passed.
    fn set_by(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    /// Waits until `at` by this clock, or until the clock jumps.
    fn wait_until(&self, at: Timestamp) -> Wait<'_> {
        Box::pin(wait_in_slices(self, at))
    }
}

/// How often the wall clock is looked at where nothing tells that it jumped: timers stand still while a machine
/// sleeps.
pub(super) const SLICE: Duration = Duration::from_secs(60);

pub(super) async fn wait_in_slices(clock: &(impl Clock + ?Sized), at: Timestamp) -> Woken {
    let set_by = clock.set_by();
    loop {
        let before = clock.now();
        let Ok(left) = Duration::try_from(before.duration_until(at)) else { return Woken::Due };
        if left.is_zero() {
            return Woken::Due;
        }
        let slice = left.min(SLICE);
        tokio::time::sleep(slice).await;
        let passed = before.duration_until(clock.now());
        let slept = passed > SignedDuration::try_from(slice * 2).unwrap_or(SignedDuration::MAX);
        if slept || clock.set_by() != set_by {
            return Woken::Jumped;
        }
    }
}
