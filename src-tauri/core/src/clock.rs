//! What time it is. Injected, so that tests decide about expiry without waiting for it.

use jiff::Timestamp;

/// Tells the wall-clock time that tokens and attempts expire by.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
