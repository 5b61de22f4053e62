//! All that a connection is: apps, sign-in, tokens, and what they open. No window in it.
//!
//! [`Grapnel`] is the door; behind it imports run one way:
//! `connection → {app, authorize, refresh, content} → {http, vault, store} → {provider, secret, error, clock}`.

pub mod app;
mod app_secrets;
pub mod archive;
mod authorities;
pub mod authorize;
pub mod browser;
pub mod clock;
pub mod connection;
pub mod content;
pub mod core_dumps;
pub mod descriptors;
pub mod discovery;
pub mod doctor;
mod env;
#[cfg(any(test, feature = "fuzz"))]
#[doc(hidden)]
pub mod fuzz;
mod grant;
pub mod http;
mod life;
mod refresh;
mod refusal;
mod retry;
pub mod revoke;
pub mod settings;
pub mod store;
pub mod token_agent;
pub mod vault;

pub use connection::Grapnel;
