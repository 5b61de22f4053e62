//! The OAuth protocol over HTTP: authorization request, callback, token endpoint, client authentication, discovery,
//! revocation.
//!
//! Nothing here is stored: each function is given what it sends and returns what it received.

pub mod authorities;
pub mod authorization_request;
pub mod callback;
pub mod client_certificate;
pub mod clock;
pub mod codeless_messages;
pub mod discovery;
pub mod dpop;
pub mod endpoint_check;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
pub mod http;
pub mod refusal;
pub mod resource_discovery;
pub mod retry;
pub mod sign_in_messages;
pub mod signing_key;
