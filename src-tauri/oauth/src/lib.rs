//! The OAuth protocol over HTTP: the authorization request, the callback, the token endpoint, client authentication,
//! discovery and revocation.
//!
//! Nothing here stores anything: each function is given what it sends, and returns what came back.

pub mod authorities;
pub mod authorization_request;
pub mod callback;
pub mod clock;
pub mod discovery;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
pub mod http;
pub mod refusal;
pub mod retry;
pub mod sign_in_messages;
