//! What time it is. Injected, so that tests decide about expiry without waiting for it.

mod system;
mod time;
mod wall_clock;

pub use system::SystemClock;
pub(crate) use time::Time;
pub use wall_clock::{Clock, Wait, Woken};
