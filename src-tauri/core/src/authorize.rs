//! Sign-in: an attempt starts, the browser takes the person to the provider, and the callback finishes the attempt.

mod attempt_task;
mod attempt_timeout;
mod attempts;
mod claim;
mod client_credentials;
mod complete;
mod device;
mod device_poll;
mod device_prompt;
mod exchange;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod loopback;
mod push_request;
mod receive;
mod replace_account;
mod resume;
mod sign_in_request;
mod signed_response;
mod start;
mod store_grant;

pub(crate) use attempts::{cancel, clear, get, no_attempt, open};
pub(crate) use device_prompt::{link, prompt};
pub use grapnel_oauth::authorization_request::Authentication;
pub(crate) use receive::{paste, receive};
pub(crate) use replace_account::replace;
pub(crate) use resume::resume_attempts;
pub use sign_in_request::SignInRequest;
pub use start::Started;
pub(crate) use start::{join_or_start, start, with_password};
