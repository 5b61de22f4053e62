//! HTTP to providers: responses are limited in size and time, redirects are not followed, and everything but loopback
//! needs `https`.

mod adapter;
pub mod api;
mod cause;
mod certificate;
pub mod challenge;
mod client;
mod client_authentication;
mod client_pool;
pub mod credentials;
pub mod device;
mod dpop;
mod failure;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod host_permit;
mod json_limit;
mod jwt_bearer;
mod limits;
mod mask;
mod masked_exchange;
pub mod masked_text;
mod observed;
pub mod password_login;
mod presented_certificate;
mod proxy;
pub mod pushed_request;
mod redacted_response;
pub mod registration;
mod response;
mod server_clock;
pub mod token;
mod token_failure;
mod unusable;

pub use client::{Client, Progress, StreamedBody, retry_after_of};
pub use dpop::{ProofRetries, ProofRetry};
pub use failure::{ENVELOPE_FAILURE, Failure};
pub use host_permit::HostPermit;
pub use json_limit::holds_more_than;
pub use limits::Limits;
pub use mask::Mask;
pub use masked_exchange::MaskedExchange;
pub use observed::{ObservedExchange, Observer};
pub use response::Reply;
pub use token_failure::TokenFailure;
pub use unusable::Unusable;
