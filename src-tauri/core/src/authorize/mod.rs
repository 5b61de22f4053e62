//! Signing in: an attempt is started, the browser takes the person to the provider, and the callback
//! brings the attempt to its end.

mod attempts;
mod callback;
mod claim;
mod finish;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod grant_place;
mod loopback;
mod request;
mod resume;
mod start;
mod watch;

pub(crate) use attempts::{cancel, clear, get, link, no_attempt, open};
pub(crate) use finish::{paste, receive};
pub(crate) use grant_place::replace;
pub(crate) use resume::settle;
pub use start::{Started, Wanted};
pub(crate) use start::{join_or_start, start, with_password};
