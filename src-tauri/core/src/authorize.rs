//! Sign-in: an attempt starts, the browser takes the person to the provider, and the callback finishes the attempt.

mod attempt_timeout;
mod attempts;
mod claim;
mod complete;
mod exchange;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod loopback;
mod receive;
mod replace_account;
mod resume;
mod start;
mod store_grant;

pub(crate) use attempts::{cancel, clear, get, link, no_attempt, open};
pub use grapnel_oauth::authorization_request::Authentication;
pub(crate) use receive::{paste, receive};
pub(crate) use replace_account::replace;
pub(crate) use resume::resume_attempts;
pub use start::{SignInRequest, Started};
pub(crate) use start::{join_or_start, start, with_password};
