//! The core with a certified authorization server by other authors: `oidc-provider`, from `tests/peer`.

mod browser;
mod client_authentication;
mod client_credentials;
mod device;
mod disconnecting;
mod discovery;
mod id_tokens;
mod node;
mod refreshing;
mod refusals;
mod resources;
mod server;
mod signing_in;
mod world;
