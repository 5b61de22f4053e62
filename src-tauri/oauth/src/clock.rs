//! What time it is. Injected, so that tests decide about expiry without waiting for it.

mod corrected;
mod system;
mod wall_clock;

pub use corrected::CorrectedClock;
pub(crate) use corrected::MAX_OFFSET;
pub use system::SystemClock;
pub use wall_clock::{Clock, Wait, WakeReason};
